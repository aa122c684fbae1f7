import type { ClientAuthentication } from "./client-authentication.ts";
import type { CredentialGrant } from "./credentials.ts";
import type { ProviderEmulation } from "./emulation.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ProviderRequest, ProviderResponse } from "./provider-request.ts";

/**
 * PKCE (RFC 7636): S256, unless the provider refuses it; then the value holds the page that says so.
 */
export type Pkce = "S256" | { readonly refused: string };

/**
 * What the provider does with a refresh token when it is used. Unconfirmed means `strict`.
 * - `none`: it stays the same.
 * - `strict`: it dies at once, and using it again may end the grant (RFC 9700, section 4.14.2).
 * - `untilUsed`: it lives until its successor, or the access token issued with it, is first used.
 * - `grace`: it lives for some seconds more.
 */
export type Rotation =
  | { readonly kind: "none" }
  | { readonly kind: "strict" }
  | { readonly kind: "untilUsed" }
  | { readonly kind: "grace"; readonly windowSeconds: number };

/** The account at the provider. `id` is stable there and never shown to another provider; the rest is for people. */
export interface Account {
  readonly id: string;
  /**
   * Where an account may be a tenant's or a person's in it, the tenant's id, such as a Slack workspace's: a reconnect may
   * lead from the one to the other when the scopes do.
   */
  readonly tenant?: string;
  readonly name?: string;
  readonly email?: string;
  readonly avatarUrl?: string;
}

/** An error of the token endpoint in the words of RFC 6749, section 5.2. */
export interface OAuthError {
  readonly error: string;
  readonly errorDescription?: string;
}

/** What `identify.read` may look at. */
export interface IdentityInput {
  /** The answer to `identify.request`; `undefined` when the connector sends none. */
  readonly response: Json | undefined;
  /** The token response as the provider sent it. */
  readonly tokenResponse: JsonObject;
  /** Claims of a validated ID token (OpenID Connect Core, section 2), where there is one. */
  readonly idTokenClaims: JsonObject | undefined;
  /** What `keeper.connect` was given, where that is how the connection is made. What is read of it is shown to people. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Names of the token sets received. */
  readonly tokenSets: readonly string[];
  readonly params: Readonly<Record<string, string>>;
}

/** Finds out whose account it is. */
export interface Identify {
  /** Left out when the token response itself names the account. `tokenSets` lists the names of those received. */
  readonly request?: (input: { readonly tokenSets: readonly string[] }) => ProviderRequest & {
    /** Whose access token a `bearer` request carries; `default` when left out. */
    readonly tokenSet?: string;
  };
  /** Returns `undefined` when the answer names no account: the core turns that into `invalid_response`. */
  readonly read: (input: IdentityInput) => Account | undefined;
}

/** What `revoke.requests` may look at: one token set, under its name. */
export interface RevocationInput {
  readonly tokenSet: string;
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly clientId: string;
}

/** Ends a grant at the provider where that is not RFC 7009. */
export interface Revoke {
  readonly requests: (input: RevocationInput) => readonly ProviderRequest[];
  /** True where the requests work only with an access token that has not expired: it is refreshed first. */
  readonly needsLiveAccessToken?: true | undefined;
  /**
   * Whether the answer says that the token is dead now (or was already). Left out: any status below 300, and 400 with
   * `invalid_token`.
   */
  readonly revoked?: (response: ProviderResponse) => boolean;
}

/** What `authorizationParams` may look at, when it is a function. */
export interface AuthorizationContext {
  /** True when this flow reconnects a connection that still holds a refresh token for all that is asked for. */
  readonly hasRefreshToken: boolean;
  /** What this flow asks for, by token set. */
  readonly scopes: Readonly<Record<string, readonly string[]>>;
}

/**
 * What one provider does, as a frozen value. Fields that bear on security have no default.
 * Times are in seconds. `{name}` in an endpoint stands for the param of that name.
 *
 * `Param` names the params that every start must give; `TokenSet` the token sets beside `default`; `Credential` what
 * `keeper.connect` must be given.
 */
export interface Connector<
  Param extends string = string,
  TokenSet extends string = string,
  Credential extends string = string,
> {
  /** Names the provider in rows, routes and logs: lower-case letters, digits and hyphens. */
  readonly id: string;
  /** The provider's name as people write it. */
  readonly name: string;

  readonly clientId: string;
  readonly clientAuthentication: ClientAuthentication;
  readonly pkce: Pkce;

  /** The issuer identifier of an OpenID provider: ID tokens are asked of it and validated. */
  readonly issuer?: string | undefined;
  /**
   * Left out where `issuer` publishes metadata (OpenID Connect Discovery, RFC 8414), and where no user consents in a browser.
   */
  readonly authorizationEndpoint?: string | undefined;
  /** Left out where `issuer` publishes metadata, and where `credentials` need none. */
  readonly tokenEndpoint?: string | undefined;
  /** Where refreshing has an endpoint of its own. */
  readonly refreshEndpoint?: string | undefined;
  /** RFC 7009. */
  readonly revocationEndpoint?: string | undefined;
  /** RFC 8628, section 3.1. */
  readonly deviceAuthorizationEndpoint?: string | undefined;
  /** RFC 7662. Where it is given, an access token whose end no token response names is asked about once. */
  readonly introspectionEndpoint?: string | undefined;
  /** RFC 9126. */
  readonly pushedAuthorizationRequestEndpoint?: string | undefined;
  /** OpenID Connect Core, section 5.3. It also identifies the account where `identify` is left out. */
  readonly userinfoEndpoint?: string | undefined;
  readonly jwksUri?: string | undefined;
  readonly responseMode?: "form_post" | undefined;

  readonly apiBaseUrl: string;
  /** The only origins that `fetch` sends an access token to. */
  readonly apiOrigins: readonly string[];
  /** Sent with every API call, `identify` and `revoke` included, unless the caller sets the same header. */
  readonly apiHeaders?: Readonly<Record<string, string>> | undefined;
  /** The header that carries the access token alone, without a scheme, as `x-api-key`. Left out: `Authorization` with the token type (RFC 6750, section 2.1). */
  readonly tokenHeader?: string | undefined;

  /** Scopes asked for in the `default` token set. */
  readonly scopes: readonly string[];
  readonly scopeSeparator: " " | ",";
  /** A granted scope under the provider's name, and the scopes that it stands for or includes. */
  readonly scopeIncludes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Token sets beside `default` that one consent gives, and the scopes asked for in each. */
  readonly tokenSets: { readonly [Name in TokenSet]?: { readonly scopes: readonly string[] } };

  /** Each param and the anchored pattern that its value must match: type, validation and SSRF guard in one. */
  readonly params: { readonly [Name in Param]: RegExp };
  /** One without a value is left out. */
  readonly authorizationParams?:
    | Readonly<Record<string, string>>
    | ((context: AuthorizationContext) => Readonly<Record<string, string>>)
    | undefined;
  readonly tokenParams?: Readonly<Record<string, string>> | undefined;
  /** The API that tokens are for, an absolute URI without a fragment: sent with every authorization and token request (RFC 8707). */
  readonly resource?: string | undefined;
  readonly refreshParams?: Readonly<Record<string, string>> | undefined;
  /** How token requests carry their parameters. Left out: `form`, as RFC 6749 says. */
  readonly bodyFormat?: "form" | "json" | undefined;

  /** How tokens are had without a user's consent; left out: they are not. */
  readonly credentials?: CredentialGrant<Credential> | undefined;

  readonly rotation: Rotation;
  /** What revoking one token ends: that token, or everything the user granted to this client. */
  readonly revocationScope: "token" | "grant";
  /** Used where a token response with a refresh token has no `expires_in`. */
  readonly accessTokenLifetime?: number | undefined;
  readonly refreshTokenLifetime?: number | undefined;
  /** After how long without use a refresh token dies, where each use begins that time anew. */
  readonly refreshTokenIdleLifetime?: number | undefined;

  /**
   * Picks the token sets out of a token response, each in the shape of RFC 6749, section 5.1, or with `expires_at` (Unix
   * seconds, or a date of RFC 3339) in place of `expires_in`. The core reads the known fields only, and splits scopes at
   * spaces and commas. Pure.
   */
  readonly readTokens?: ((body: JsonObject) => Readonly<Record<string, JsonObject>>) | undefined;
  /** Recognises an error that is not in the shape of RFC 6749, section 5.2, and translates it. Pure. */
  readonly readError?: ((response: ProviderResponse) => OAuthError | undefined) | undefined;
  /** Recognises an API answer other than 401 that means "this access token is no longer good". Pure. */
  readonly rejectsToken?: ((response: ProviderResponse) => boolean) | undefined;
  readonly identify?: Identify | undefined;
  readonly revoke?: Revoke | undefined;

  /** The provider's page on which these facts rest, and the date (YYYY-MM-DD) on which they were checked. */
  readonly docs: string;
  readonly checkedOn: string;

  /** How `startProvider` of @grantkeeper/testing plays this provider. Loaded only by it. */
  readonly emulation?: (() => Promise<ProviderEmulation>) | undefined;
  /** Set by `startProvider` alone: allows http on the loopback interface, never under NODE_ENV=production. */
  readonly loopback?: true | undefined;
}
