import type { Connector, Json, JsonObject, OAuthError, ProviderResponse } from "@grantkeeper/core/connector";

const origin = "https://{domain}.my.salesforce.com";
const oauth = `${origin}/services/oauth2`;

// developer.salesforce.com/docs/platform/mobile-sdk/guide/oauth-revoking-tokens.html, checked 2026-11-26: each organization
// has these under its My Domain. That is the `instance_url` of a token answer too, so that API calls go there.
export const authorizationEndpoint: string = `${oauth}/authorize`;
export const introspectionEndpoint: string = `${oauth}/introspect`;

type OfEach = "id" | "clientId" | "clientAuthentication" | "scopes" | "rotation" | "credentials" | "docs";
type Organization = Omit<Connector<"domain", never>, OfEach>;

/** What the connectors of Salesforce have in common. */
export const organization: Organization = {
  name: "Salesforce",
  // help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm, checked 2026-11-26
  pkce: "S256",
  tokenEndpoint: `${oauth}/token`,
  // The same page: a refresh token is revoked with its access tokens, an access token alone.
  revocationEndpoint: `${oauth}/revoke`,
  revocationScope: "token",
  apiBaseUrl: `${origin}/services`,
  apiOrigins: [origin],
  scopeSeparator: " ",
  tokenSets: {},
  // `acme`, `acme--test.sandbox` or `acme-dev-ed.develop`: developer.salesforce.com/docs/atlas.en-us.api_meta.meta/
  // api_meta/meta_mydomainsettings.htm, checked 2026-11-26. What follows is always Salesforce's own domain.
  params: { domain: /^[a-z0-9][a-z0-9-]{0,79}(\.[a-z]{1,20})?$/ },
  readError,
  rejectsToken,
  checkedOn: "2026-11-26",
  emulation: () => import("./emulation.ts").then((module) => module.salesforceEmulation),
};

/** What `invalid_grant` is also said about, though it passes: the address of the caller, or the hour. */
const passing = /ip restricted|login hours/i;

// So clients of Salesforce know it: on none of today's pages.
function readError({ body }: ProviderResponse): OAuthError | undefined {
  const { error, error_description: errorDescription } = objectOf(body);
  const passes = error === "invalid_grant" && typeof errorDescription === "string" && passing.test(errorDescription);
  return passes ? { error: "unauthorized_client", errorDescription } : undefined;
}

// Userinfo answers a dead token by 403 and the plain text `Bad_OAuth_Token`; the 403 of an API is JSON. Unconfirmed by
// a page, but clients of Salesforce handle it.
function rejectsToken({ status, body }: ProviderResponse): boolean {
  return status === 403 && body === undefined;
}

/**
 * The user in an identity URL: the ids of organization and user, of 15 characters each, or 18 with a checksum.
 * developer.salesforce.com/docs/platform/mobile-sdk/guide/oauth-using-identity-urls.html, checked 2026-11-26.
 */
export function accountId(url: Json | undefined): string | undefined {
  const parts = /\/id\/(\w{15})(?:\w{3})?\/(\w{15})(?:\w{3})?$/.exec(typeof url === "string" ? url : "");
  return parts === null ? undefined : `${parts[1]}/${parts[2]}`;
}

export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
