import type { Connector, Json, JsonObject, OAuthError, ProviderResponse } from "@grantkeeper/core/connector";

const origin = "https://{domain}.my.salesforce.com";
const oauth = `${origin}/services/oauth2`;

// developer.salesforce.com/docs/platform/mobile-sdk/guide/oauth-revoking-tokens.html, checked 2026-11-26: each organization
// has these under its My Domain. That is the `instance_url` of a token answer too, so that API calls go there.
export const authorizationEndpoint: string = `${oauth}/authorize`;
export const introspectionEndpoint: string = `${oauth}/introspect`;

type Shared =
  | "tokenEndpoint"
  | "revocationEndpoint"
  | "revocationScope"
  | "apiBaseUrl"
  | "apiOrigins"
  | "scopeSeparator";
type Hooks = "readError" | "rejectsToken" | "emulation";
type Organization = Pick<Connector<"domain", never>, Shared | "tokenSets" | "params" | Hooks>;

/** What the connectors of Salesforce have in common. */
export const organization: Organization = {
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
  emulation: () => import("./emulation.ts").then((module) => module.salesforceEmulation),
};

// As the OAuth pages of Salesforce's help listed them; unconfirmed on a page of today.
const errorCodes: Readonly<Record<string, string>> = {
  invalid_client_id: "invalid_client",
  invalid_client_credentials: "invalid_client",
};
/** What `invalid_grant` is also said about, though it passes: the address of the caller, the hour, the client's secret. */
const passing = /ip restricted|login hours|client credentials/i;

function readError({ body }: ProviderResponse): OAuthError | undefined {
  const { error, error_description: errorDescription } = objectOf(body);
  if (typeof error !== "string" || error === "") return undefined;
  const said = typeof errorDescription === "string" ? { errorDescription } : {};
  if (error === "invalid_grant" && passing.test(said.errorDescription ?? "")) {
    return { error: "unauthorized_client", ...said };
  }
  return { error: Object.hasOwn(errorCodes, error) ? (errorCodes[error] ?? error) : error, ...said };
}

// Userinfo answers a dead token by 403 and the plain text `Bad_OAuth_Token`; the 403 of an API is JSON. Unconfirmed by
// a page, but clients of Salesforce handle it.
function rejectsToken({ status, body }: ProviderResponse): boolean {
  return status === 403 && body === undefined;
}

/** One id for a user of an organization, out of their two ids: 15 characters each, or 18 with a checksum. */
export function accountId(organizationId: Json | undefined, userId: Json | undefined): string | undefined {
  const [organizationPart, userPart] = [organizationId, userId].map((id) =>
    typeof id === "string" && /^[a-zA-Z0-9]{15}([a-zA-Z0-9]{3})?$/.test(id) ? id.slice(0, 15) : undefined,
  );
  return organizationPart === undefined || userPart === undefined ? undefined : `${organizationPart}/${userPart}`;
}

export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
