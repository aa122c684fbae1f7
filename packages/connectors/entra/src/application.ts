import { type Connector, clientCredentials, defineConnector } from "@grantkeeper/core/connector";
import type { EntraOptions } from "./index.ts";
import { graph, login, originsOf, readError, tenantId } from "./shared.ts";

/** The application that asks for itself. What it may do is granted by administrators, as application permissions. */
export interface EntraApplicationOptions
  extends Pick<EntraOptions, "clientId" | "clientAuthentication" | "apiBaseUrl" | "apiOrigins"> {
  /** A tenant's id (a GUID in small letters) or domain. Left out: each connection names its `tenant` by its id. */
  readonly tenant?: string | undefined;
  /** The identifier of the API, such as `api://1234`. Left out: that of Microsoft Graph. */
  readonly resource?: string | undefined;
}

/**
 * Connects an application of Microsoft Entra ID in its own name: `keeper.connect` without credentials.
 * Rests on https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow.
 */
export function entraApplication(
  options: EntraApplicationOptions & { readonly tenant: string },
): Connector<never, never, never>;
export function entraApplication(
  options: EntraApplicationOptions & { readonly tenant?: undefined },
): Connector<"tenant", never, never>;
export function entraApplication(options: EntraApplicationOptions): Connector<string, never, never> {
  const { tenant = "{tenant}", resource = graph, apiBaseUrl = `${graph}/v1.0` } = options;
  return defineConnector<string, never, never>({
    id: "entra-application",
    name: "Microsoft Entra ID application",

    clientId: options.clientId,
    clientAuthentication: options.clientAuthentication,
    pkce: "S256",
    tokenEndpoint: `${login}/${tenant}/oauth2/v2.0/token`,

    apiBaseUrl,
    apiOrigins: originsOf(apiBaseUrl, options.apiOrigins),

    // learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow, checked 2026-11-26: all that was
    // granted, of one API.
    scopes: [`${resource}/.default`],
    scopeSeparator: " ",
    tokenSets: {},
    params: options.tenant === undefined ? { tenant: tenantId } : {},
    credentials: clientCredentials(),

    rotation: { kind: "none" },
    // There is no endpoint for it.
    revocationScope: "token",

    readError,

    docs: "https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow",
    checkedOn: "2026-11-26",
    emulation: () => import("./emulation.ts").then((module) => module.entraApplicationEmulation),
  });
}
