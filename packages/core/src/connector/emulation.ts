import type { Json, JsonObject } from "./json.ts";

/** An account that an emulated provider offers on its consent page. `profile` is for the connector's own routes. */
export interface EmulatedAccount {
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  readonly avatarUrl?: string;
  readonly profile?: JsonObject;
}

/** One token set as an emulated provider issues it. */
export interface IssuedTokenSet {
  readonly accessToken: string;
  /** Seconds; `undefined` where the token does not expire. */
  readonly expiresInSeconds: number | undefined;
  readonly refreshToken: string | undefined;
  readonly scopes: readonly string[];
  /** Signed by the emulator when `openid` was granted. */
  readonly idToken: string | undefined;
}

/** An access token that an API route gives. */
export interface IssuedAccessToken {
  readonly accessToken: string;
  /** Unix milliseconds; `undefined` where the token does not expire. */
  readonly expiresAt: number | undefined;
}

/** What an emulated provider answers. A `json` body is sent as `application/json`, a `text` one as `text/plain`. */
export interface EmulatedResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: Json;
  readonly text?: string;
}

/** What a token answer is made of. `request` says by which grant the tokens were asked for. */
export interface EmulatedTokenAnswer {
  readonly request:
    | "authorization_code"
    | "refresh_token"
    | "device_code"
    | "client_credentials"
    | "jwt_bearer"
    | "token_exchange";
  /** On a refresh the one set that the refresh token belongs to; else every set that was granted. */
  readonly tokenSets: Readonly<Record<string, IssuedTokenSet>>;
  readonly account: EmulatedAccount;
}

/** A request to one of the emulated provider's own API routes, its access token already looked up. */
export interface EmulatedApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: string;
  /**
   * Whose access token, API key or user name the request carries; `undefined` when that is missing, unknown, expired or
   * revoked, and `reason` then says which.
   */
  readonly token:
    | { readonly account: EmulatedAccount; readonly tokenSet: string; readonly scopes: readonly string[] }
    | undefined;
  readonly reason: "missing" | "unknown" | "expired" | "revoked" | undefined;
  /**
   * Claims of the JWT that the request carries as its bearer token, where the emulator knows its issuer's key (`grants.signedRequest`)
   * and it holds now.
   */
  readonly assertion: JsonObject | undefined;
  /** Gives an account's token, for a route that answers with one; `undefined` for an account that is not there. */
  readonly issue: (accountId: string, scopes: readonly string[]) => IssuedAccessToken | undefined;
  /** True when the request carried the emulated client's own id and secret (HTTP Basic, RFC 7617). */
  readonly clientAuthenticated: boolean;
  /** Ends the token set that this token (of either kind) belongs to, or everything that its user granted. */
  readonly revoke: (token: string, scope: "token" | "grant") => boolean;
}

export interface EmulatedRoute {
  readonly method: string;
  /** The URL at the real provider; a path segment `:name` matches any one segment. */
  readonly url: string;
  readonly handle: (request: EmulatedApiRequest) => EmulatedResponse;
}

/**
 * How one provider looks on the wire, for `startProvider` of @grantkeeper/testing, which supplies the endpoints of the
 * connector, the tokens, their rotation and the consent page. Each hook that is left out follows RFC 6749.
 */
export interface ProviderEmulation {
  /** At least two, so that one can see accounts kept apart. */
  readonly accounts: readonly EmulatedAccount[];
  /** Scopes asked for, by token set, out of an authorization request. Left out: `scope` for `default`. */
  readonly requestedScopes?: (query: URLSearchParams) => Readonly<Record<string, readonly string[]>>;
  readonly tokenResponse?: (answer: EmulatedTokenAnswer) => EmulatedResponse;
  /** `error` is a code of RFC 6749, section 5.2. */
  readonly tokenError?: (error: { readonly error: string; readonly errorDescription: string }) => EmulatedResponse;
  /** The provider's identity endpoint and a few calls of its API. */
  readonly routes: readonly EmulatedRoute[];
  /** Whether a user's first consent alone gives a refresh token, unless `prompt=consent` is sent (Google). */
  readonly refreshTokenOnFirstConsentOnly?: boolean;
  /** How long an access token lives unless the caller of `startProvider` says otherwise; `undefined`: for ever. */
  readonly accessTokenLifetimeSeconds?: number;
  /**
   * The provider's own names for an access token that a token exchange may ask for (RFC 8693, section 2.1). A refresh token
   * comes with it where a consent would give one.
   */
  readonly accessTokenTypes?: readonly string[];
  /** A call of `routes` to show in a demonstration. */
  readonly exampleCall: { readonly path: string; readonly method?: string };
}
