import type {
  EmulatedApiRequest,
  EmulatedResponse,
  EmulatedTokenAnswer,
  ProviderEmulation,
} from "@grantkeeper/core/connector";

/** A Keycloak realm at `issuer`: token answers with its own fields, and userinfo where Keycloak has it. */
export function keycloakEmulation(issuer: string): ProviderEmulation {
  const userinfo = "protocol/openid-connect/userinfo";
  return {
    accounts: [
      { id: "0b1c3f60-0000-4000-8000-000000000001", name: "Alex Example", email: "alex@example.com" },
      { id: "0b1c3f60-0000-4000-8000-000000000002", name: "Robin Example", email: "robin@example.org" },
    ],
    tokenResponse,
    tokenError,
    routes: [{ method: "GET", url: `${issuer}/${userinfo}`, handle: me }],
    accessTokenLifetimeSeconds: 300,
    exampleCall: { path: userinfo },
  };
}

// Whether rotation is on or not, an answer holds a refresh token.
function tokenResponse({ tokenSets }: EmulatedTokenAnswer): EmulatedResponse {
  const set = tokenSets["default"];
  if (set === undefined) return tokenError({ error: "invalid_grant", errorDescription: "" });
  const offline = set.scopes.includes("offline_access");
  return {
    status: 200,
    json: {
      access_token: set.accessToken,
      ...(set.expiresInSeconds !== undefined && { expires_in: set.expiresInSeconds }),
      ...(set.refreshToken !== undefined && {
        refresh_token: set.refreshToken,
        refresh_expires_in: offline ? 0 : 1800,
      }),
      token_type: "Bearer",
      ...(set.idToken !== undefined && { id_token: set.idToken }),
      "not-before-policy": 0,
      session_state: "5b1c3f60-0000-4000-8000-000000000000",
      scope: set.scopes.join(" "),
    },
  };
}

// Descriptions as issues of github.com/keycloak/keycloak quote them.
function tokenError(problem: { readonly error: string; readonly errorDescription: string }): EmulatedResponse {
  const { error, errorDescription } = problem;
  const status = error === "invalid_client" ? 401 : 400;
  const dead = error === "invalid_grant" && /refresh/i.test(errorDescription);
  return { status, json: { error, error_description: dead ? "Token is not active" : errorDescription } };
}

function me({ token }: EmulatedApiRequest): EmulatedResponse {
  if (token !== undefined) return { status: 200, json: { sub: token.account.id, name: token.account.name } };
  const problem = { error: "invalid_token", error_description: "Token verification failed" };
  return {
    status: 401,
    headers: { "WWW-Authenticate": 'Bearer realm="emulated", error="invalid_token"' },
    json: problem,
  };
}
