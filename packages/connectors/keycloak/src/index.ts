import {
  type ClientAuthentication,
  type Connector,
  defineConnector,
  type JsonObject,
  type Rotation,
} from "@grantkeeper/core/connector";

/** The realm's client that asks, and what it asks for. */
export interface KeycloakOptions {
  /** As in `id.acme.example`. */
  readonly host: string;
  /** Path that the server lies under, as in `/auth`, which releases before 17 had. Left out: none. */
  readonly path?: string | undefined;
  /** Left out: each start names its `realm`. */
  readonly realm?: string | undefined;
  readonly clientId: string;
  /** By the method that the client has under its credentials. */
  readonly clientAuthentication: ClientAuthentication;
  /** `openid` and `offline_access` are always added. Add `profile` and `email` to learn the account's name and address. */
  readonly scopes?: readonly string[] | undefined;
  /** As the realm has it. Left out: `strict`, which is right wherever Revoke Refresh Token is enabled. */
  readonly rotation?: Rotation | undefined;
  /** Seconds: the realm's Offline Session Idle. Left out: 30 days, which realms begin with. */
  readonly refreshTokenIdleLifetime?: number | undefined;
  /** The API that access tokens are for. Left out: the realm. */
  readonly apiBaseUrl?: string | undefined;
  /** Left out: the origin of `apiBaseUrl`. */
  readonly apiOrigins?: readonly string[] | undefined;
}

/**
 * Connects accounts of a Keycloak realm, whose endpoints and algorithms come from the metadata that it publishes.
 * Rests on https://www.keycloak.org/securing-apps/oidc-layers.
 */
export function keycloak(options: KeycloakOptions & { readonly realm: string }): Connector<never, never>;
export function keycloak(options: KeycloakOptions & { readonly realm?: undefined }): Connector<"realm", never>;
export function keycloak(options: KeycloakOptions): Connector<string, never> {
  const server = `https://${options.host}${options.path ?? ""}`;
  const issuer = `${server}/realms/${options.realm ?? "{realm}"}`;
  const apiBaseUrl = options.apiBaseUrl ?? issuer;
  return defineConnector<string, never>({
    id: "keycloak",
    name: "Keycloak",

    clientId: options.clientId,
    clientAuthentication: options.clientAuthentication,
    // Unconfirmed on Keycloak's pages: each client chooses whether it is demanded.
    pkce: "S256",

    // keycloak.org/securing-apps/oidc-layers, checked 2026-11-26
    issuer,

    apiBaseUrl,
    apiOrigins: options.apiOrigins ?? [apiBaseUrl.replace(/^(https:\/\/[^/?#]+).*$/s, "$1")],

    scopes: [...new Set(["openid", "offline_access", ...(options.scopes ?? [])])],
    scopeSeparator: " ",
    tokenSets: {},
    params: options.realm === undefined ? { realm: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/ } : {},

    // keycloak.org/docs/latest/server_admin/#_offline-access and #_timeouts, checked 2026-11-26: each realm chooses
    // whether a refresh token can be used once only, and for how long it may idle.
    rotation: options.rotation ?? { kind: "strict" },
    refreshTokenIdleLifetime: options.refreshTokenIdleLifetime ?? 2_592_000,
    // keycloak.org/securing-apps/oidc-layers, checked 2026-11-26: a refresh token takes the user's consent along.
    revocationScope: "grant",

    readTokens,

    docs: "https://www.keycloak.org/securing-apps/oidc-layers",
    checkedOn: "2026-11-26",
    emulation: () => import("./emulation.ts").then((module) => module.keycloakEmulation(issuer)),
  });
}

// The lifetime of a refresh token has a name of Keycloak's own, and is 0 where it has no end:
// keycloak.org/docs-api/latest/javadocs/org/keycloak/representations/AccessTokenResponse.html, checked 2026-11-26. The 0
// is unconfirmed.
function readTokens({
  refresh_expires_in: lifetime = null,
  ...tokens
}: JsonObject): Readonly<Record<string, JsonObject>> {
  return { default: { ...tokens, refresh_token_expires_in: lifetime } };
}
