import {
  type Account,
  type Connector,
  type CredentialInput,
  type CredentialRequest,
  defineConnector,
  type JsonObject,
} from "@grantkeeper/core/connector";
import type { EntraOptions } from "./index.ts";
import { graph, graphNames, login, originsOf, readError, readTokens, tenantId } from "./shared.ts";

/** The API that asks on behalf of its users, and for what. */
export interface EntraOnBehalfOfOptions
  extends Pick<EntraOptions, "clientId" | "clientAuthentication" | "apiBaseUrl" | "apiOrigins"> {
  /** Of one API. `offline_access` is always added. */
  readonly scopes: NonNullable<EntraOptions["scopes"]>;
  /** A tenant's id (a GUID in small letters) or domain, or `organizations`. Left out: each connection names its `tenant` by its id. */
  readonly tenant?: string | undefined;
}

/**
 * Connects the user whose access token your API was called with, on that user's behalf: `keeper.connect` with `userToken`.
 * Rests on https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-on-behalf-of-flow.
 */
export function entraOnBehalfOf(
  options: EntraOnBehalfOfOptions & { readonly tenant: string },
): Connector<never, never, "userToken">;
export function entraOnBehalfOf(
  options: EntraOnBehalfOfOptions & { readonly tenant?: undefined },
): Connector<"tenant", never, "userToken">;
export function entraOnBehalfOf(options: EntraOnBehalfOfOptions): Connector<string, never, "userToken"> {
  const { tenant = "{tenant}", apiBaseUrl = `${graph}/v1.0` } = options;
  const scopes = [...new Set(["offline_access", ...options.scopes])];
  return defineConnector<string, never, "userToken">({
    id: "entra-on-behalf-of",
    name: "Microsoft Entra ID on behalf of a user",

    clientId: options.clientId,
    clientAuthentication: options.clientAuthentication,
    pkce: "S256",
    tokenEndpoint: `${login}/${tenant}/oauth2/v2.0/token`,

    apiBaseUrl,
    apiOrigins: originsOf(apiBaseUrl, options.apiOrigins),

    scopes,
    scopeSeparator: " ",
    scopeIncludes: graphNames(scopes),
    tokenSets: {},
    params: options.tenant === undefined ? { tenant: tenantId } : {},

    credentials: { kind: "once", fields: { userToken: /^[\w-]+\.[\w-]+\.[\w-]+$/ }, request: tokenRequest },

    // learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens, checked 2026-11-26: as after a consent.
    rotation: { kind: "grace", windowSeconds: 86_400 },
    refreshTokenIdleLifetime: 7_776_000,
    revocationScope: "grant",

    readTokens: (body) => readTokens(body, scopes),
    readError,
    identify: { read: ({ credentials }) => readAccount(credentials["userToken"]) },

    docs: "https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-on-behalf-of-flow",
    checkedOn: "2026-11-26",
    emulation: () => import("./emulation.ts").then((module) => module.entraEmulation),
  });
}

function tokenRequest({ credentials: { userToken }, scopes }: CredentialInput<"userToken">): CredentialRequest {
  return {
    grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    form: { assertion: userToken, requested_token_use: "on_behalf_of", scope: scopes.join(" ") },
  };
}

// learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference, checked 2026-11-26. The token is for this
// very application, and Microsoft has checked it before it gave another one for it.
function readAccount(userToken = ""): Account | undefined {
  const { oid, name, preferred_username: username } = claimsOf(userToken);
  const shown = name || username;
  return typeof oid === "string" && oid !== ""
    ? { id: oid, ...(typeof shown === "string" && { name: shown }) }
    : undefined;
}

function claimsOf(token: string): JsonObject {
  try {
    return Object(JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString())) as JsonObject;
  } catch {
    // No JWT: Microsoft has refused it before.
    return {};
  }
}
