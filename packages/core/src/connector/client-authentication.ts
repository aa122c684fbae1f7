import { type Secret, secretOf } from "../secret.ts";

/** How the id and the secret of HTTP Basic are encoded first: as RFC 6749, section 2.3.1 says, or not at all. */
export type BasicEncoding = "rfc6749" | "raw";

/** A key that signs client assertions (RFC 7523, section 2.2). */
export interface AssertionKey {
  /** PKCS#8 in PEM, or a key of Web Crypto that may sign. */
  readonly privateKey: string | CryptoKey;
  /** RFC 7518, section 3.1 and RFC 8037, section 3.1. */
  readonly algorithm: "RS256" | "PS256" | "ES256" | "EdDSA";
  /** Under which name the provider has the public key. */
  readonly keyId?: string | undefined;
  /** More of the assertion's header, such as the certificate's thumbprint `x5t#S256`. */
  readonly header?: Readonly<Record<string, string>> | undefined;
}

/**
 * How the client proves itself, by methods under the names of RFC 7591, section 2 (`token_endpoint_auth_method`). Every leg
 * uses the one value: exchange, refresh and revocation cannot disagree. Neither logs nor JSON show its secret.
 */
export type ClientAuthentication =
  | { readonly method: "none" }
  | { readonly method: "client_secret_post"; readonly secret: Secret }
  | { readonly method: "client_secret_basic"; readonly secret: Secret; readonly encoding: BasicEncoding }
  | { readonly method: "client_secret_jwt"; readonly secret: Secret; readonly audience: string | undefined }
  | {
      readonly method: "private_key_jwt";
      readonly key: () => Promise<AssertionKey>;
      readonly audience: string | undefined;
    };

export interface AssertionOptions {
  /** Left out: the issuer, as one string. A connector without one has to say it. */
  readonly audience?: string | undefined;
}

type Method<Name extends ClientAuthentication["method"]> = Extract<ClientAuthentication, { readonly method: Name }>;

/** A public client, which has no secret (RFC 6749, section 2.1): its id is all that it says. */
// Marked, so that bundlers leave it out of the connectors that do not use it.
export const noClientAuthentication: ClientAuthentication = /* @__PURE__ */ Object.freeze({ method: "none" });

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

/** An assertion of at most 60 seconds, signed with the secret by HMAC-SHA-256 (OpenID Connect Core, section 9). */
export function clientSecretJwt(secret: string, { audience }: AssertionOptions = {}): Method<"client_secret_jwt"> {
  return Object.freeze({ method: "client_secret_jwt", secret: secretOf(secret), audience });
}

/**
 * An assertion of at most 60 seconds, signed with a private key (RFC 7523, section 2.2). A function is asked for the key at
 * each request, so that keys rotate while the application runs.
 */
export function privateKeyJwt(
  key: AssertionKey | (() => AssertionKey | Promise<AssertionKey>),
  { audience }: AssertionOptions = {},
): Method<"private_key_jwt"> {
  return Object.freeze({
    method: "private_key_jwt",
    key: async () => (typeof key === "function" ? key() : key),
    audience,
  });
}
