import {
  type Account,
  type ClientAuthentication,
  type Connector,
  defineConnector,
  type Identify,
  type IdentityInput,
} from "@grantkeeper/core/connector";
import type { EntraScope } from "./scopes.ts";
import { graph, graphNames, login, objectOf, originsOf, readError, readTokens, tenantId } from "./shared.ts";

export type { EntraScope } from "./scopes.ts";

/** The application that asks, and what it asks for (https://entra.microsoft.com, App registrations). */
export interface EntraOptions {
  readonly clientId: string;
  /** A client secret, or a certificate by `privateKeyJwt` with its thumbprint in the header `x5t#S256`. */
  readonly clientAuthentication: ClientAuthentication;
  /** `offline_access` is always added, and what names the account: `openid`, `profile` and `email`, or `User.Read`. */
  readonly scopes?: readonly EntraScope[] | undefined;
  /**
   * A tenant's id (a GUID in small letters), whose ID tokens then name the account. Or `organizations`, `common`,
   * `consumers` or a tenant's domain, where Microsoft Graph names it. Left out: each start names its `tenant` by its id.
   */
  readonly tenant?: "organizations" | "common" | "consumers" | (string & {}) | undefined;
  /** What users always see. */
  readonly prompt?: "login" | "consent" | "select_account" | undefined;
  /** The API that access tokens are for; with a tenant's id only. Left out: Microsoft Graph. */
  readonly apiBaseUrl?: string | undefined;
  /** Left out: the origin of `apiBaseUrl`. */
  readonly apiOrigins?: readonly string[] | undefined;
}

/**
 * Connects accounts of Microsoft Entra ID, and personal Microsoft accounts.
 * Rests on https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow.
 */
export function entra(options: EntraOptions & { readonly tenant: string }): Connector<never, never>;
export function entra(options: EntraOptions & { readonly tenant?: undefined }): Connector<"tenant", never>;
export function entra(options: EntraOptions): Connector<string, never> {
  const { tenant = "{tenant}", prompt } = options;
  // learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc, checked 2026-11-26: only under a tenant's id do
  // its metadata name one issuer, which ID tokens can be held against. Unconfirmed for a domain, but so it is.
  const hasIssuer = options.tenant === undefined || tenantId.test(options.tenant);
  const asked = hasIssuer ? ["openid", "profile", "email"] : ["User.Read"];
  const scopes = [...new Set(["offline_access", ...asked, ...(options.scopes ?? [])])];
  const apiBaseUrl = options.apiBaseUrl ?? `${graph}/v1.0`;
  const apiOrigins = originsOf(apiBaseUrl, options.apiOrigins);
  return defineConnector<string, never>({
    id: "entra",
    name: "Microsoft Entra ID",

    clientId: options.clientId,
    clientAuthentication: options.clientAuthentication,
    // learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow, checked 2026-11-26
    pkce: "S256",
    authorizationEndpoint: `${login}/${tenant}/oauth2/v2.0/authorize`,
    tokenEndpoint: `${login}/${tenant}/oauth2/v2.0/token`,
    ...(hasIssuer
      ? { issuer: `${login}/${tenant}/v2.0`, jwksUri: `${login}/${tenant}/discovery/v2.0/keys` }
      : { identify: byGraph }),

    apiBaseUrl,
    apiOrigins: hasIssuer ? apiOrigins : [...new Set([graph, ...apiOrigins])],

    scopes,
    scopeSeparator: " ",
    scopeIncludes: graphNames(scopes),
    tokenSets: {},
    params: options.tenant === undefined ? { tenant: tenantId } : {},
    authorizationParams: prompt === undefined ? undefined : { prompt },

    // learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens, checked 2026-11-26: each use gives a new token and
    // revokes no old one. An old one lives for 90 days, in some applications 24 hours: within these it may be sent again.
    rotation: { kind: "grace", windowSeconds: 86_400 },
    refreshTokenIdleLifetime: 7_776_000,
    // There is no endpoint for it.
    revocationScope: "grant",

    readTokens: (body) => readTokens(body, scopes),
    readError,

    docs: "https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow",
    checkedOn: "2026-11-26",
    emulation: () => import("./emulation.ts").then((module) => module.entraEmulation),
  });
}

// learn.microsoft.com/en-us/graph/api/user-get, checked 2026-11-26
const byGraph: Identify = {
  request: () => ({ url: `${graph}/v1.0/me`, authentication: "bearer" }),
  read: ({ response }: IdentityInput): Account | undefined => {
    const { id, displayName, userPrincipalName, mail } = objectOf(response);
    const name = displayName || userPrincipalName;
    if (typeof id !== "string" || id === "") return undefined;
    return { id, ...(typeof name === "string" && { name }), ...(typeof mail === "string" && { email: mail }) };
  },
};
