import {
  type Account,
  type Connector,
  clientSecretPost,
  defineConnector,
  type IdentityInput,
  type Json,
  type JsonObject,
  type OAuthError,
  type ProviderRequest,
  type ProviderResponse,
  type RevocationInput,
} from "@grantkeeper/core/connector";
import type { GithubScope } from "./scopes.ts";

export type { GithubScope } from "./scopes.ts";

/** The OAuth app or GitHub App that asks, and what it asks for (https://github.com/settings/developers). */
export interface GithubOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Left out for a GitHub App, whose permissions are set where it is registered. */
  readonly scopes?: readonly GithubScope[] | undefined;
}

/**
 * Connects a GitHub account through an OAuth app, or through a GitHub App on behalf of its user.
 * Rests on https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps.
 */
export function github(options: GithubOptions): Connector<never, never, never> {
  return defineConnector<never, never, never>({
    id: "github",
    name: "GitHub",

    clientId: options.clientId,
    // docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps, checked 2026-11-23
    clientAuthentication: clientSecretPost(options.clientSecret),
    // github.blog/changelog/2025-07-14-pkce-support-for-oauth-and-github-app-authentication, checked 2026-11-23
    pkce: "S256",

    // docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps, checked 2026-11-23
    authorizationEndpoint: "https://github.com/login/oauth/authorize",
    tokenEndpoint: "https://github.com/login/oauth/access_token",
    // docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#device-flow, checked 2026-11-26: an app
    // has to allow it in its settings.
    deviceAuthorizationEndpoint: "https://github.com/login/device/code",

    apiBaseUrl: "https://api.github.com",
    apiOrigins: ["https://api.github.com"],
    // docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api, checked 2026-11-23: a request with no
    // User-Agent is refused.
    apiHeaders: {
      Accept: "application/vnd.github+json",
      "User-Agent": "grantkeeper",
      "X-GitHub-Api-Version": "2022-11-28",
    },

    scopes: options.scopes ?? [],
    // Scopes are asked for with spaces and granted with commas.
    scopeSeparator: " ",
    scopeIncludes,
    tokenSets: {},
    params: {},

    // docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens,
    // checked 2026-11-23: a refresh ends the old refresh token and the old access token at once.
    // An OAuth app's token has neither refresh token nor end.
    rotation: { kind: "strict" },
    accessTokenLifetime: 28_800,
    refreshTokenLifetime: 15_811_200,
    // docs.github.com/en/rest/apps/oauth-applications, checked 2026-11-23
    revocationScope: "token",

    readError,
    identify: { request: () => ({ url: "user", authentication: "bearer" }), read: readAccount },
    revoke: {
      needsLiveAccessToken: true,
      requests: revocationRequests,
      revoked: ({ status }) => [204, 404, 422].includes(status),
    },

    docs: "https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps",
    checkedOn: "2026-11-23",
    emulation: () => import("./emulation.ts").then((module) => module.githubEmulation),
  });
}

// GitHub drops a scope that another one includes from the list that it grants.
// docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps, checked 2026-11-23
const scopeIncludes: Readonly<Record<string, readonly string[]>> = {
  repo: ["repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"],
  "admin:repo_hook": ["write:repo_hook", "read:repo_hook"],
  "write:repo_hook": ["read:repo_hook"],
  "admin:org": ["write:org", "read:org"],
  "write:org": ["read:org"],
  "admin:public_key": ["write:public_key", "read:public_key"],
  "write:public_key": ["read:public_key"],
  user: ["read:user", "user:email", "user:follow"],
  project: ["read:project"],
  "write:packages": ["read:packages"], // unconfirmed: the page does not list the one under the other
  "admin:gpg_key": ["write:gpg_key", "read:gpg_key"],
  "write:gpg_key": ["read:gpg_key"],
  "admin:enterprise": ["manage_runners:enterprise", "manage_billing:enterprise", "read:enterprise"],
};

// docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors,
// checked 2026-11-23
const errorCodes: Readonly<Record<string, string>> = {
  bad_verification_code: "invalid_grant",
  bad_refresh_token: "invalid_grant", // unconfirmed: seen in answers, not on the page
  incorrect_client_credentials: "invalid_client",
  // docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps#error-codes-for-the-device-flow,
  // checked 2026-11-26: the page calls the one error by both names.
  token_expired: "expired_token",
  incorrect_device_code: "invalid_grant",
  redirect_uri_mismatch: "invalid_request",
  unverified_user_email: "invalid_request",
};

// Token errors come with HTTP 200 and GitHub's own codes.
function readError({ body }: ProviderResponse): OAuthError | undefined {
  if (!isObject(body) || typeof body.error !== "string" || body.error === "") return undefined;
  const error = Object.hasOwn(errorCodes, body.error) ? errorCodes[body.error] : undefined;
  return {
    error: error ?? body.error,
    ...(typeof body.error_description === "string" && { errorDescription: body.error_description }),
  };
}

// docs.github.com/en/rest/users/users#get-the-authenticated-user, checked 2026-11-23
function readAccount({ response }: IdentityInput): Account | undefined {
  if (!isObject(response) || typeof response.id !== "number") return undefined;
  const { id, name, login, email, avatar_url: avatarUrl } = response;
  const label = name || login; // a person may leave the name empty
  return {
    id: String(id),
    ...(typeof label === "string" && { name: label }),
    ...(typeof email === "string" && { email }),
    ...(typeof avatarUrl === "string" && { avatarUrl }),
  };
}

// docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token, checked 2026-11-23: 204, or 422 when validation
// failed. Unconfirmed: that 422, or 404, is the answer for a token that is already gone.
function revocationRequests({ clientId, accessToken }: RevocationInput): readonly ProviderRequest[] {
  return [
    {
      url: `applications/${encodeURIComponent(clientId)}/token`,
      method: "DELETE",
      // As RFC 7617 has it, with no encoding of the dot in a client id.
      authentication: { basic: "raw" },
      json: { access_token: accessToken },
    },
  ];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
