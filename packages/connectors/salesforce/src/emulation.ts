import type {
  EmulatedAccount,
  EmulatedApiRequest,
  EmulatedResponse,
  EmulatedTokenAnswer,
  Json,
  ProviderEmulation,
} from "@grantkeeper/core/connector";

const services = "https://{domain}.my.salesforce.com/services";

/** Salesforce on the wire: tokens without an end that is told, an identity URL, and userinfo that refuses by 403. */
export const salesforceEmulation: ProviderEmulation = {
  accounts: [
    account("005Hs00000A1b2cIAB", "Alex Example", "alex@example.com"),
    account("005Hs00000D3e4fIAB", "Robin Example", "robin@example.org"),
  ],
  tokenResponse,
  tokenError,
  routes: [
    { method: "GET", url: `${services}/oauth2/userinfo`, handle: userinfo },
    { method: "GET", url: `${services}/data/:version/limits`, handle: limits },
  ],
  accessTokenLifetimeSeconds: 7200,
  exampleCall: { path: "data/v66.0/limits" },
};

function account(id: string, name: string, email: string): EmulatedAccount {
  return { id, name, email, profile: { organization_id: "00DHs000000f5e6MAA" } };
}

function tokenResponse({ tokenSets, account: { id, profile } }: EmulatedTokenAnswer): EmulatedResponse {
  const set = tokenSets["default"];
  if (set === undefined) return tokenError({ error: "invalid_grant", errorDescription: "expired authorization code" });
  return {
    status: 200,
    json: {
      access_token: set.accessToken,
      ...(set.refreshToken !== undefined && { refresh_token: set.refreshToken }),
      signature: "c2lnbmVk",
      scope: set.scopes.join(" "),
      instance_url: "https://example.my.salesforce.com",
      id: `https://login.salesforce.com/id/${profile?.["organization_id"]}/${id}`,
      token_type: "Bearer",
      issued_at: "1795680000000",
    },
  };
}

// help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm, checked 2026-11-26
function tokenError(problem: { readonly error: string; readonly errorDescription: string }): EmulatedResponse {
  const { error, errorDescription } = problem;
  const isRefresh = error === "invalid_grant" && /refresh/i.test(errorDescription);
  const description = isRefresh
    ? "expired access/refresh token"
    : error === "invalid_client"
      ? "invalid client credentials"
      : errorDescription;
  return { status: 400, json: { error, error_description: description } };
}

function userinfo({ token, reason }: EmulatedApiRequest): EmulatedResponse {
  if (token === undefined) {
    return { status: 403, text: reason === "missing" ? "Missing_OAuth_Token" : "Bad_OAuth_Token" };
  }
  const { id, name, email = null, profile } = token.account;
  const organizationId: Json = profile?.["organization_id"] ?? null;
  return {
    status: 200,
    json: {
      sub: `https://login.salesforce.com/id/${String(organizationId)}/${id}`,
      user_id: id,
      organization_id: organizationId,
      preferred_username: email,
      name,
      email,
      user_type: "STANDARD",
      active: true,
    },
  };
}

function limits({ token }: EmulatedApiRequest): EmulatedResponse {
  if (token === undefined) {
    return { status: 401, json: [{ message: "Session expired or invalid", errorCode: "INVALID_SESSION_ID" }] };
  }
  return { status: 200, json: { DailyApiRequests: { Max: 15_000, Remaining: 14_998 } } };
}
