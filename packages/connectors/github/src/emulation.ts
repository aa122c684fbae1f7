import type {
  EmulatedApiRequest,
  EmulatedResponse,
  EmulatedTokenAnswer,
  Json,
  JsonObject,
  ProviderEmulation,
} from "@grantkeeper/core/connector";

const docs = "https://docs.github.com/rest";

/** GitHub on the wire: errors under HTTP 200, scopes with commas, `GET /user`, revocation by client credentials. */
export const githubEmulation: ProviderEmulation = {
  accounts: [
    {
      id: "1000001",
      name: "Octo Example",
      email: "octo-example@example.com",
      profile: { login: "octo-example", node_id: "U_example1" },
    },
    { id: "1000002", name: "hex-example", profile: { login: "hex-example", node_id: "U_example2", name: null } },
  ],
  tokenResponse,
  tokenError,
  routes: [
    { method: "GET", url: "https://api.github.com/user", handle: authenticated(user) },
    { method: "GET", url: "https://api.github.com/user/repos", handle: authenticated(repositories) },
    { method: "GET", url: "https://api.github.com/user/emails", handle: authenticated(emails) },
    { method: "DELETE", url: "https://api.github.com/applications/:client_id/token", handle: revokes("token") },
    { method: "DELETE", url: "https://api.github.com/applications/:client_id/grant", handle: revokes("grant") },
  ],
  exampleCall: { path: "user/repos" },
};

type Token = NonNullable<EmulatedApiRequest["token"]>;

// An OAuth app's token lasts and has no refresh token; with a lifetime it looks like a GitHub App user's.
function tokenResponse({ tokenSets }: EmulatedTokenAnswer): EmulatedResponse {
  const set = tokenSets["default"];
  if (set === undefined) return tokenError({ error: "invalid_grant", errorDescription: "" });
  return ok({
    access_token: set.accessToken,
    token_type: "bearer",
    scope: set.scopes.join(","),
    ...(set.expiresInSeconds !== undefined && { expires_in: set.expiresInSeconds }),
    ...(set.refreshToken !== undefined && { refresh_token: set.refreshToken, refresh_token_expires_in: 15_811_200 }),
  });
}

function tokenError(problem: { readonly error: string; readonly errorDescription: string }): EmulatedResponse {
  const [error, description] = githubError(problem.error, problem.errorDescription);
  return ok({ error, error_description: description, error_uri: docs });
}

function githubError(error: string, description: string): readonly [string, string] {
  if (error === "invalid_client") {
    return ["incorrect_client_credentials", "The client_id and/or client_secret passed are incorrect."];
  }
  if (error !== "invalid_grant") return [error, description];
  if (/device/i.test(description)) return ["incorrect_device_code", "The device_code provided is not valid."];
  if (/refresh/i.test(description)) {
    return ["bad_refresh_token", "The refresh token passed is incorrect or expired."];
  }
  return ["bad_verification_code", "The code passed is incorrect or expired."];
}

function user({ account }: Token): Json {
  return {
    login: account.name,
    id: Number(account.id),
    avatar_url: account.avatarUrl ?? null,
    type: "User",
    name: account.name,
    email: account.email ?? null,
    ...account.profile,
  };
}

function repositories({ account, scopes }: Token): Json {
  const owner = String(account.profile?.["login"] ?? account.name);
  const all = [
    { id: 1, name: "hello-world", full_name: `${owner}/hello-world`, private: false },
    { id: 2, name: "secret-plans", full_name: `${owner}/secret-plans`, private: true },
  ];
  return scopes.includes("repo") ? all : all.filter((repository) => !repository.private);
}

function emails({ account }: Token): Json {
  return account.email === undefined ? [] : [{ email: account.email, primary: true, verified: true }];
}

function authenticated(answer: (token: Token) => Json): (request: EmulatedApiRequest) => EmulatedResponse {
  return ({ token, reason }) =>
    token === undefined
      ? problem(401, reason === "missing" ? "Requires authentication" : "Bad credentials")
      : { ...ok(answer(token)), headers: { "X-OAuth-Scopes": token.scopes.join(", ") } };
}

function revokes(scope: "token" | "grant"): (request: EmulatedApiRequest) => EmulatedResponse {
  return ({ clientAuthenticated, body, revoke }) => {
    if (!clientAuthenticated) return problem(401, "Bad credentials");
    const accessToken = accessTokenOf(body);
    if (accessToken === undefined) return problem(422, "Validation Failed");
    return revoke(accessToken, scope) ? { status: 204 } : problem(404, "Not Found");
  };
}

function accessTokenOf(body: string): string | undefined {
  try {
    const { access_token: accessToken } = JSON.parse(body) as JsonObject;
    return typeof accessToken === "string" ? accessToken : undefined;
  } catch {
    return undefined;
  }
}

function problem(status: number, message: string): EmulatedResponse {
  return { status, json: { message, documentation_url: docs, status: String(status) } };
}

function ok(json: Json): EmulatedResponse {
  return { status: 200, json };
}
