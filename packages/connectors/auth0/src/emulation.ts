import type { EmulatedResponse, ProviderEmulation } from "@grantkeeper/core/connector";

/** An Auth0 tenant on the wire: `invalid_grant` under HTTP 403, and ids that name where the account comes from. */
export const auth0Emulation: ProviderEmulation = {
  accounts: [
    { id: "auth0|507f1f77bcf86cd799439001", name: "Alex Example", email: "alex@example.com" },
    { id: "google-oauth2|100000000000000000002", name: "Robin Example", email: "robin@example.org" },
  ],
  tokenError,
  routes: [],
  accessTokenLifetimeSeconds: 86_400,
  exampleCall: { path: "userinfo" },
};

// Unconfirmed in the documentation: so clients in public repositories meet it.
function tokenError(problem: { readonly error: string; readonly errorDescription: string }): EmulatedResponse {
  const { error, errorDescription } = problem;
  if (error === "invalid_client") return { status: 401, json: { error, error_description: "Unauthorized" } };
  if (error !== "invalid_grant") return { status: 400, json: { error, error_description: errorDescription } };
  const refused = /refresh/i.test(errorDescription)
    ? "Unknown or invalid refresh token."
    : "Invalid authorization code";
  return { status: 403, json: { error, error_description: refused } };
}
