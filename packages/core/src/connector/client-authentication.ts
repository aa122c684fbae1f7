import { type Secret, secretOf } from "../secret.ts";

/** How the id and the secret of HTTP Basic are encoded first: as RFC 6749, section 2.3.1 says, or not at all. */
export type BasicEncoding = "rfc6749" | "raw";

/**
 * How the client proves itself, by methods under the names of RFC 7591, section 2 (`token_endpoint_auth_method`). Every leg
 * uses the one value: exchange, refresh and revocation cannot disagree.
 */
export type ClientAuthentication =
  | { readonly method: "none" }
  | { readonly method: "client_secret_post"; readonly secret: Secret }
  | { readonly method: "client_secret_basic"; readonly secret: Secret; readonly encoding: BasicEncoding };

type Method<Name extends ClientAuthentication["method"]> = Extract<ClientAuthentication, { readonly method: Name }>;

/** A public client, which has no secret (RFC 6749, section 2.1): its id is all that it says. */
export const noClientAuthentication: ClientAuthentication = Object.freeze({ method: "none" });

/** The secret in the body of each request (RFC 6749, section 2.3.1). */
export function clientSecretPost(secret: string): Method<"client_secret_post"> {
  return Object.freeze({ method: "client_secret_post", secret: secretOf(secret) });
}

/** Id and secret by HTTP Basic (RFC 6749, section 2.3.1). Left out, `encoding` is `rfc6749`. */
export function clientSecretBasic(
  secret: string,
  { encoding = "rfc6749" }: { readonly encoding?: BasicEncoding } = {},
): Method<"client_secret_basic"> {
  return Object.freeze({ method: "client_secret_basic", secret: secretOf(secret), encoding });
}
