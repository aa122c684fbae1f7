import type {
  EmulatedAccount,
  EmulatedApiRequest,
  EmulatedResponse,
  EmulatedTokenAnswer,
  JsonObject,
  ProviderEmulation,
} from "@grantkeeper/core/connector";

/** Microsoft Entra ID on the wire: a new refresh token at each use, errors with AADSTS codes, and `me` of Graph. */
export const entraEmulation: ProviderEmulation = {
  accounts: [
    { id: "87d349ed-44d7-43e1-9a83-000000000001", name: "Alex Example", email: "alex@example.com" },
    { id: "87d349ed-44d7-43e1-9a83-000000000002", name: "Robin Example", email: "robin@example.org" },
  ],
  tokenResponse,
  tokenError,
  routes: [
    { method: "GET", url: "https://graph.microsoft.com/v1.0/me", handle: me },
    { method: "GET", url: "https://graph.microsoft.com/v1.0/users", handle: users },
  ],
  accessTokenLifetimeSeconds: 3599,
  exampleCall: { path: "me" },
};

/** The same for an application of its own, which has no `me`. */
export const entraApplicationEmulation: ProviderEmulation = { ...entraEmulation, exampleCall: { path: "users" } };

const unnamed: readonly string[] = ["openid", "profile", "email", "offline_access"];

function tokenResponse({ request, tokenSets }: EmulatedTokenAnswer): EmulatedResponse {
  const set = tokenSets["default"];
  if (set === undefined) return tokenError({ error: "invalid_grant" });
  return {
    status: 200,
    json: {
      token_type: "Bearer",
      // An application's own tokens come without.
      ...(request !== "client_credentials" && {
        scope: set.scopes.filter((scope) => !unnamed.includes(scope)).join(" "),
      }),
      ...(set.expiresInSeconds !== undefined && { expires_in: set.expiresInSeconds }),
      access_token: set.accessToken,
      // Without `offline_access` there is none.
      ...(set.refreshToken !== undefined &&
        set.scopes.includes("offline_access") && { refresh_token: set.refreshToken }),
      ...(set.idToken !== undefined && { id_token: set.idToken }),
    },
  };
}

// The shape: learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow, checked 2026-11-26. The codes are
// of reference-error-codes: unconfirmed.
const codes: Readonly<Record<string, number>> = {
  invalid_grant: 700082,
  invalid_client: 7000215,
  invalid_scope: 70011,
};

function tokenError({ error }: { readonly error: string }): EmulatedResponse {
  const code = codes[error] ?? 900144;
  const trace = "00000000-0000-4000-8000-000000000000";
  return {
    status: error === "invalid_client" ? 401 : 400,
    json: {
      error,
      error_description: `AADSTS${code}: The request was refused. Trace ID: ${trace}`,
      error_codes: [code],
      timestamp: "2026-11-26 06:00:00Z",
      trace_id: trace,
      correlation_id: trace,
      ...(error === "invalid_grant" && { suberror: "bad_token" }),
    },
  };
}

// Graph's error: learn.microsoft.com/en-us/graph/errors. Unconfirmed.
function me({ token }: EmulatedApiRequest): EmulatedResponse {
  return token === undefined ? unauthenticated() : { status: 200, json: userOf(token.account) };
}

function users({ token }: EmulatedApiRequest): EmulatedResponse {
  return token === undefined ? unauthenticated() : { status: 200, json: { value: [userOf(token.account)] } };
}

function userOf({ id, name, email: mail = "" }: EmulatedAccount): JsonObject {
  return { id, displayName: name, mail: mail || null, userPrincipalName: mail || null };
}

function unauthenticated(): EmulatedResponse {
  const error = { code: "InvalidAuthenticationToken", message: "Access token has expired or is not yet valid." };
  return { status: 401, headers: { "WWW-Authenticate": "Bearer" }, json: { error } };
}
