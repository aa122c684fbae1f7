import { type ClientAuthentication, type Connector, defineConnector, type Rotation } from "@grantkeeper/core/connector";
import type { Auth0Scope } from "./scopes.ts";

export type { Auth0Scope } from "./scopes.ts";

/** The application that asks, and what it asks for (https://manage.auth0.com/#/applications). */
export interface Auth0Options {
  readonly clientId: string;
  /** By the method that the application has under its credentials. */
  readonly clientAuthentication: ClientAuthentication;
  /** `openid` and `offline_access` are always added. Add `profile` and `email` to learn the account's name and address. */
  readonly scopes?: readonly Auth0Scope[] | undefined;
  /** Identifier of the API that access tokens are for. Left out: the tenant's default, or userinfo alone. */
  readonly audience?: string | undefined;
  /** As the application has it. Left out: `strict`; without rotation there it is `none`, with an overlap period `grace`. */
  readonly rotation?: Rotation | undefined;
  /** As the tenant has it: `token` where a revocation does not delete the grant. Left out: `grant`. */
  readonly revocationScope?: "token" | "grant" | undefined;
  /** Seconds: the application's idle lifetime of a refresh token, where it has one. */
  readonly refreshTokenIdleLifetime?: number | undefined;
  /** The API that access tokens are for. Left out: the tenant. */
  readonly apiBaseUrl?: string | undefined;
  /** Left out: the origin of `apiBaseUrl`. */
  readonly apiOrigins?: readonly string[] | undefined;
  /** The tenant's host, as in `acme.eu.auth0.com`, or its custom domain. Left out: each start names its `tenant`. */
  readonly host?: string | undefined;
}

/**
 * Connects accounts of an Auth0 tenant.
 * Rests on https://auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow.
 */
export function auth0(options: Auth0Options & { readonly host: string }): Connector<never, never>;
export function auth0(options: Auth0Options & { readonly host?: undefined }): Connector<"tenant", never>;
export function auth0(options: Auth0Options): Connector<string, never> {
  const origin = `https://${options.host ?? "{tenant}.auth0.com"}`;
  const apiBaseUrl = options.apiBaseUrl ?? origin;
  return defineConnector<string, never>({
    id: "auth0",
    name: "Auth0",

    clientId: options.clientId,
    clientAuthentication: options.clientAuthentication,
    // auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow-with-pkce: unconfirmed,
    // but a public catalog of providers has it.
    pkce: "S256",

    // auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow/
    // call-your-api-using-the-authorization-code-flow, checked 2026-11-26. The slash ends the issuer's name: unconfirmed.
    issuer: `${origin}/`,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/oauth/token`,
    revocationEndpoint: `${origin}/oauth/revoke`,
    userinfoEndpoint: `${origin}/userinfo`,
    jwksUri: `${origin}/.well-known/jwks.json`,

    apiBaseUrl,
    apiOrigins: options.apiOrigins ?? [apiBaseUrl.replace(/^(https:\/\/[^/?#]+).*$/s, "$1")],

    scopes: [...new Set(["openid", "offline_access", ...(options.scopes ?? [])])],
    scopeSeparator: " ",
    tokenSets: {},
    // `acme`, or with a region `acme.eu`: two labels at most, so that what follows is always Auth0's own domain.
    params: options.host === undefined ? { tenant: /^[a-z0-9][a-z0-9-]{0,62}(\.[a-z]{2})?$/ } : {},
    authorizationParams: options.audience === undefined ? undefined : { audience: options.audience },

    // auth0.com/docs/secure/tokens/refresh-tokens/configure-refresh-token-rotation, checked 2026-11-26: each application
    // chooses, and may allow the last token for some seconds more. A token used after that ends its whole family.
    rotation: options.rotation ?? { kind: "strict" },
    // auth0.com/docs/secure/tokens/refresh-tokens/revoke-refresh-tokens, checked 2026-11-26: the tenant chooses.
    revocationScope: options.revocationScope ?? "grant",
    accessTokenLifetime: 86_400, // unconfirmed: each API has its own, and each answer its expires_in
    refreshTokenIdleLifetime: options.refreshTokenIdleLifetime,

    docs: "https://auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow",
    checkedOn: "2026-11-26",
    emulation: () => import("./emulation.ts").then((module) => module.auth0Emulation),
  });
}
