import { OAuth2Client } from "google-auth-library";
import { client } from "./inputs.ts";

/**
 * A client that is held for one user, with the credentials that the application keeps.
 * https://github.com/googleapis/google-auth-library-nodejs#oauth2
 */
export function googleClient(tokenEndpoint = "https://acme.example/token"): OAuth2Client {
  return new OAuth2Client({
    clientId: client.id,
    clientSecret: client.secret,
    endpoints: { oauth2TokenUrl: tokenEndpoint },
  });
}
