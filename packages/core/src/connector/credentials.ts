import type { AssertionKey } from "./client-authentication.ts";
import type { JsonObject } from "./json.ts";
import type { ProviderRequest } from "./provider-request.ts";

/** What a {@link CredentialGrant} may look at. */
export interface CredentialInput<Field extends string = string> {
  readonly credentials: Readonly<Record<Field, string>>;
  readonly params: Readonly<Record<string, string>>;
  /** Those of the connector's `default` token set. */
  readonly scopes: readonly string[];
  readonly clientId: string;
  /** Where the token request goes: the audience of most assertions. */
  readonly tokenEndpoint: string;
}

/** A JWT that is signed for one request; `iat`, `exp` and `jti` are added (RFC 7519). */
export interface Assertion {
  readonly key: AssertionKey | (() => AssertionKey | Promise<AssertionKey>);
  readonly claims: JsonObject;
  /** From `iat` to `exp`, in seconds. Left out: 60. */
  readonly lifetime?: number;
  /** By how many seconds `iat` lies back, for a provider whose clock may be slow. Left out: 0. */
  readonly backdated?: number;
}

/** How an access token is asked for. */
export type CredentialRequest =
  /** At the token endpoint, with the connector's client authentication. A signed assertion is sent as `assertion`. */
  | { readonly grantType: string; readonly form?: Readonly<Record<string, string>>; readonly assertion?: Assertion }
  /** By a call of the provider's own, with a signed JWT as its bearer token; `readTokens` reads the answer. */
  | { readonly request: Omit<ProviderRequest, "authentication">; readonly bearer: Assertion };

/**
 * How a connection is made of what `keeper.connect` is given: each field under its name, whose value must match the anchored
 * pattern.
 * - `static`: the credentials are the access token. They are checked by the connector's `identify` before they are kept.
 * - `kept`: they are kept sealed, and a token is asked for with them whenever one runs out. No field: the client's own
 *   authentication, or a key of the connector's, is enough.
 * - `once`: they are spent for the first tokens, and not kept.
 */
export type CredentialGrant<Field extends string = string> = {
  readonly fields: { readonly [Name in Field]: RegExp };
} & (
  | {
      readonly kind: "static";
      // Methods, so that a connector with named fields is a connector.
      token(input: CredentialInput<Field>): { readonly accessToken: string; readonly tokenType: string };
    }
  | { readonly kind: "kept" | "once"; request(input: CredentialInput<Field>): CredentialRequest }
);

/** Credentials that are the access token itself. */
export type StaticCredentials<Field extends string = string> = Extract<
  CredentialGrant<Field>,
  { readonly kind: "static" }
>;

/** An API key that calls carry as their token: in `Authorization` under `tokenType`, or alone in the connector's `tokenHeader`. */
export function apiKey({
  pattern = /^[!-~]{1,2048}$/,
  tokenType = "Bearer",
}: {
  readonly pattern?: RegExp;
  readonly tokenType?: string;
} = {}): StaticCredentials<"apiKey"> {
  return {
    kind: "static",
    fields: { apiKey: pattern },
    token: ({ credentials }) => ({ accessToken: credentials.apiKey, tokenType }),
  };
}

/** A name and a password by HTTP Basic (RFC 7617, section 2): no colon in the name, and no control characters. */
export function basicCredentials(): StaticCredentials<"username" | "password"> {
  return {
    kind: "static",
    fields: { username: /^[^\p{Cc}:]{1,1024}$/u, password: /^\P{Cc}{0,1024}$/u },
    token: ({ credentials: { username, password } }) => ({
      accessToken: Buffer.from(`${username}:${password}`).toString("base64"),
      tokenType: "Basic",
    }),
  };
}

/** The client's own access (RFC 6749, section 4.4). `form` adds parameters, such as an `audience`. */
export function clientCredentials(form: Readonly<Record<string, string>> = {}): CredentialGrant<never> {
  return {
    kind: "kept",
    fields: {},
    request: ({ scopes }) => ({ grantType: "client_credentials", form: { ...scopeOf(scopes), ...form } }),
  };
}

/** An assertion in exchange for an access token (RFC 7523, section 2.1): its key is among the credentials, or the connector's. */
export function jwtBearer<Field extends string = never>(
  fields: { readonly [Name in Field]: RegExp },
  assertion: (input: CredentialInput<Field>) => Assertion,
): CredentialGrant<Field> {
  return {
    kind: "kept",
    fields,
    request: (input) => ({ grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion(input) }),
  };
}

/** A token of another kind in exchange for tokens of this provider (RFC 8693, section 2.1). It is not kept. */
export function tokenExchange({
  subjectTokenType = "urn:ietf:params:oauth:token-type:access_token",
  form = {},
}: {
  readonly subjectTokenType?: string;
  readonly form?: Readonly<Record<string, string>>;
} = {}): CredentialGrant<"subjectToken"> {
  return {
    kind: "once",
    fields: { subjectToken: /^[!-~]{1,16384}$/ },
    request: ({ credentials, scopes }) => ({
      grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
      form: {
        ...scopeOf(scopes),
        subject_token_type: subjectTokenType,
        ...form,
        subject_token: credentials.subjectToken,
      },
    }),
  };
}

function scopeOf(scopes: readonly string[]): { readonly scope?: string } {
  return scopes.length === 0 ? {} : { scope: scopes.join(" ") };
}
