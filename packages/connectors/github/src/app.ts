import {
  type Account,
  type AssertionKey,
  type Connector,
  type CredentialInput,
  type CredentialRequest,
  defineConnector,
  type IdentityInput,
  type Json,
  type JsonObject,
  noClientAuthentication,
  type OAuthError,
  type ProviderResponse,
} from "@grantkeeper/core/connector";

/** The GitHub App that asks, and how much of what its installations grant (https://github.com/settings/apps). */
export interface GithubAppOptions {
  /** The app's client id, as GitHub recommends, or its App ID. Another one later makes other connections. */
  readonly clientId: string;
  /** As GitHub gives it, in PEM; or a key with its algorithm, RS256; or a function that is asked at each request. */
  readonly privateKey: string | AssertionKey | (() => AssertionKey | Promise<AssertionKey>);
  /** Fewer permissions than the app has, such as `{ contents: "read" }`. Left out: all of them. */
  readonly permissions?: Readonly<Record<string, "read" | "write" | "admin">> | undefined;
  /** Names of repositories, without their owner, at most 500. Left out: all that the installation may access. */
  readonly repositories?: readonly string[] | undefined;
}

/**
 * Connects an installation of a GitHub App, which acts for itself: `keeper.connect` with the param `installationId`. Rests on
 * https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app.
 */
export function githubApp(options: GithubAppOptions): Connector<"installationId", never, never> {
  const { clientId, permissions, repositories } = options;
  return defineConnector<"installationId", never, never>({
    id: "github-app",
    name: "GitHub App",

    clientId,
    clientAuthentication: noClientAuthentication,
    pkce: "S256",

    apiBaseUrl: "https://api.github.com",
    apiOrigins: ["https://api.github.com"],
    // docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api, checked 2026-11-26
    apiHeaders: {
      Accept: "application/vnd.github+json",
      "User-Agent": "grantkeeper",
      "X-GitHub-Api-Version": "2022-11-28",
    },

    scopes: scopesOf(permissions),
    scopeSeparator: " ",
    tokenSets: {},
    params: { installationId: /^[1-9]\d{0,15}$/ },

    credentials: {
      kind: "kept",
      fields: {},
      request: (input) => tokenRequest(input, keyOf(options.privateKey), { permissions, repositories }),
    },

    rotation: { kind: "none" },
    // docs.github.com/en/rest/apps/installations#revoke-an-installation-access-token, checked 2026-11-26
    revocationScope: "token",

    readTokens: ({ token = null, expires_at = null, permissions: granted = null }) => ({
      default: { access_token: token, expires_at, ...(isObject(granted) && { scope: scopesOf(granted) }) },
    }),
    readError,
    identify: { read: ({ params }: IdentityInput): Account | undefined => accountOf(params) },
    revoke: {
      requests: () => [{ url: "installation/token", method: "DELETE", authentication: "bearer" }],
      // 401: it is no longer good already.
      revoked: ({ status }) => status === 204 || status === 401,
    },

    docs: "https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-an-installation-access-token-for-a-github-app",
    checkedOn: "2026-11-26",
    emulation: () => import("./app-emulation.ts").then((module) => module.githubAppEmulation),
  });
}

// docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app,
// checked 2026-11-26: RS256, issued 60 seconds ago against clocks that differ, for 10 minutes at most.
function tokenRequest(
  { clientId, params }: CredentialInput,
  key: AssertionKey | (() => AssertionKey | Promise<AssertionKey>),
  { permissions, repositories }: Pick<GithubAppOptions, "permissions" | "repositories">,
): CredentialRequest {
  return {
    request: {
      url: `app/installations/${params["installationId"]}/access_tokens`,
      method: "POST",
      json: { ...(permissions && { permissions }), ...(repositories && { repositories }) },
    },
    bearer: { key, claims: { iss: clientId }, lifetime: 600, backdated: 60 },
  };
}

function keyOf(key: GithubAppOptions["privateKey"]): AssertionKey | (() => AssertionKey | Promise<AssertionKey>) {
  return typeof key === "string" ? { privateKey: key, algorithm: "RS256" } : key;
}

/** Permissions as scopes, such as `contents:write`. */
function scopesOf(permissions: JsonObject = {}): readonly string[] {
  return Object.entries(permissions).flatMap(([name, access]) =>
    typeof access === "string" ? [`${name}:${access}`] : [],
  );
}

function accountOf({ installationId }: Readonly<Record<string, string>>): Account | undefined {
  return installationId === undefined ? undefined : { id: installationId };
}

// docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app, checked 2026-11-26: the statuses. That
// 404 is of an installation that is gone, and the words of one that is suspended: seen in answers, not on the page.
function readError({ status, headers, body }: ProviderResponse): OAuthError | undefined {
  const message = isObject(body) ? body["message"] : undefined;
  if (status < 400 || typeof message !== "string") return undefined;
  // docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api, checked 2026-11-26: 403 as well as 429.
  const limited =
    headers.has("retry-after") || headers.get("x-ratelimit-remaining") === "0" || /rate limit/i.test(message);
  const refused = /suspended/i.test(message) ? "invalid_grant" : limited ? "slow_down" : "access_denied";
  const codes: Readonly<Record<number, string>> = {
    401: "invalid_client",
    403: refused,
    404: "invalid_grant",
    422: "invalid_scope",
  };
  const error = codes[status];
  return error === undefined ? undefined : { error, errorDescription: message };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
