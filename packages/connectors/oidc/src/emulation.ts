import type { EmulatedApiRequest, EmulatedResponse, ProviderEmulation } from "@grantkeeper/core/connector";

/** An OpenID provider with two accounts, and one call of an API at `apiBaseUrl`. */
export function oidcEmulation(apiBaseUrl: string): ProviderEmulation {
  return {
    accounts: [
      { id: "248289761001", name: "Alex Example", email: "alex@example.com" },
      { id: "248289761002", name: "Robin Example", email: "robin@example.org" },
    ],
    routes: [{ method: "GET", url: `${apiBaseUrl.replace(/\/$/, "")}/me`, handle: me }],
    exampleCall: { path: "me" },
  };
}

// RFC 6750, section 3
function me({ token, reason }: EmulatedApiRequest): EmulatedResponse {
  if (token !== undefined) return { status: 200, json: { sub: token.account.id, scope: token.scopes.join(" ") } };
  const challenge = reason === "missing" ? "Bearer" : 'Bearer error="invalid_token"';
  return { status: 401, headers: { "WWW-Authenticate": challenge }, json: { error: "invalid_token" } };
}
