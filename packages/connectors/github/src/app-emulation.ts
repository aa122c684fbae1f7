import type {
  EmulatedApiRequest,
  EmulatedResponse,
  Json,
  JsonObject,
  ProviderEmulation,
} from "@grantkeeper/core/connector";

const docs = "https://docs.github.com/rest";

/** GitHub as its apps see it: installations as accounts, whose tokens are had with the app's JWT. */
export const githubAppEmulation: ProviderEmulation = {
  accounts: [
    { id: "4900001", name: "octo-example", profile: { permissions: { contents: "write", issues: "write" } } },
    { id: "4900002", name: "hex-example", profile: { permissions: { contents: "read" } } },
  ],
  routes: [
    { method: "POST", url: "https://api.github.com/app/installations/:installation_id/access_tokens", handle: token },
    { method: "DELETE", url: "https://api.github.com/installation/token", handle: revokesItself },
    { method: "GET", url: "https://api.github.com/installation/repositories", handle: repositories },
  ],
  accessTokenLifetimeSeconds: 3600,
  exampleCall: { path: "installation/repositories" },
};

const installed: Readonly<Record<string, JsonObject>> = Object.fromEntries(
  githubAppEmulation.accounts.map(({ id, profile }) => [id, { metadata: "read", ...permissionsIn(profile) }]),
);

function token({ url, body, assertion, issue }: EmulatedApiRequest): EmulatedResponse {
  const { iat, exp } = assertion ?? {};
  if (typeof iat !== "number" || typeof exp !== "number") return problem(401, "A JSON web token could not be decoded");
  // GitHub's own example is issued a minute ago and ends ten minutes from now.
  if (exp - iat > 660) return problem(401, "'Expiration time' claim ('exp') is too far in the future");
  const id = url.pathname.split("/")[3] ?? "";
  const granted = installed[id];
  if (granted === undefined) return problem(404, "Not Found");
  const asked = read(body);
  const permissions = { metadata: "read", ...(permissionsIn(asked) ?? granted) };
  if (!Object.entries(permissions).every(([name, access]) => includes(granted[name], access))) {
    return problem(422, "The permissions requested are not granted to this installation.");
  }
  const issued = issue(
    id,
    Object.entries(permissions).map(([name, access]) => `${name}:${String(access)}`),
  );
  if (issued === undefined) return problem(404, "Not Found");
  return {
    status: 201,
    json: {
      token: issued.accessToken,
      ...(issued.expiresAt !== undefined && {
        expires_at: new Date(issued.expiresAt).toISOString().replace(/\.\d+Z$/, "Z"),
      }),
      permissions,
      repository_selection: "repositories" in asked ? "selected" : "all",
    },
  };
}

function revokesItself({ token: holder, headers, revoke }: EmulatedApiRequest): EmulatedResponse {
  if (holder === undefined) return problem(401, "Bad credentials");
  revoke(headers.get("authorization")?.replace(/^\w+ +/, "") ?? "", "token");
  return { status: 204 };
}

function repositories({ token: holder }: EmulatedApiRequest): EmulatedResponse {
  if (holder === undefined) return problem(401, "Bad credentials");
  const { name } = holder.account;
  return {
    status: 200,
    json: { total_count: 1, repositories: [{ id: 1, name: "hello-world", full_name: `${name}/hello-world` }] },
  };
}

const levels: readonly Json[] = ["read", "write", "admin"];

function includes(granted: Json | undefined, asked: Json): boolean {
  return granted !== undefined && levels.indexOf(granted) >= levels.indexOf(asked) && levels.includes(asked);
}

function permissionsIn(body: JsonObject | undefined): JsonObject | undefined {
  const permissions = body?.["permissions"];
  return typeof permissions === "object" && permissions !== null && !Array.isArray(permissions)
    ? (permissions as JsonObject)
    : undefined;
}

function read(body: string): JsonObject {
  return body === "" ? {} : (JSON.parse(body) as JsonObject);
}

function problem(status: number, message: string): EmulatedResponse {
  return { status, json: { message, documentation_url: docs, status: String(status) } };
}
