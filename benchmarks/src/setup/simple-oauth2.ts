import { AuthorizationCode } from "simple-oauth2";
import { client } from "./inputs.ts";

/** https://github.com/lelylan/simple-oauth2#authorization-code-grant */
export function simpleClient(origin = "https://acme.example"): AuthorizationCode {
  return new AuthorizationCode({
    client: { id: client.id, secret: client.secret },
    auth: { tokenHost: origin, tokenPath: "/token" },
    options: { authorizationMethod: "body" },
  });
}
