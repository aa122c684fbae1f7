import type { EmulatedApiRequest, EmulatedResponse, ProviderEmulation } from "@grantkeeper/core/connector";

/** An Okta organization at `origin`: its API refuses in Okta's own shape. */
export function oktaEmulation(origin: string): ProviderEmulation {
  return {
    accounts: [
      { id: "00u1example00000001", name: "Alex Example", email: "alex@example.com" },
      { id: "00u1example00000002", name: "Robin Example", email: "robin@example.org" },
    ],
    routes: [{ method: "GET", url: `${origin}/api/v1/users/me`, handle: me }],
    accessTokenLifetimeSeconds: 3600,
    exampleCall: { path: "api/v1/users/me" },
  };
}

// Of the shape: developer.okta.com/docs/reference/error-codes. Unconfirmed: which code goes with which status.
function me({ token }: EmulatedApiRequest): EmulatedResponse {
  if (token === undefined) return problem(401, "E0000011", "Invalid token provided");
  const granted = token.scopes.some((scope) => ["okta.users.read.self", "okta.users.read"].includes(scope));
  if (!granted) return problem(403, "E0000006", "You do not have permission to perform the requested action");
  const { id, name, email = id } = token.account;
  const [firstName = "", ...rest] = name.split(" ");
  const profile = { firstName, lastName: rest.join(" "), email, login: email };
  return { status: 200, json: { id, status: "ACTIVE", profile } };
}

function problem(status: number, errorCode: string, errorSummary: string): EmulatedResponse {
  const errorId = "oaeExample0000000001";
  return { status, json: { errorCode, errorSummary, errorLink: errorCode, errorId, errorCauses: [] } };
}
