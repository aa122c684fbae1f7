import type { Json, JsonObject, OAuthError, ProviderResponse } from "@grantkeeper/core/connector";

export const login: string = "https://login.microsoftonline.com";
export const graph: string = "https://graph.microsoft.com";
export const tenantId: RegExp = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const identityScopes: readonly string[] = ["openid", "profile", "email"];

// learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow, checked 2026-11-26: `scope` in an answer is
// what the access token is good for, so it need not name those of the identity, nor `offline_access`, without which there
// is no refresh token.
export function readTokens(body: JsonObject, asked: readonly string[]): Readonly<Record<string, JsonObject>> {
  const { scope, refresh_token: refreshToken } = body;
  if (typeof scope !== "string") return { default: body };
  const unnamed = asked.filter(
    (name) => identityScopes.includes(name) || (name === "offline_access" && typeof refreshToken === "string"),
  );
  return { default: { ...body, scope: [...new Set([...scope.split(" "), ...unnamed])].join(" ") } };
}

// learn.microsoft.com/en-us/entra/identity-platform/scopes-oidc, checked 2026-11-26: `User.Read` is Graph's, with its
// identifier or without.
export function graphNames(scopes: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const names = scopes.filter((scope) => !scope.includes(":") && scope !== "offline_access");
  const long = scopes.filter((scope) => scope.startsWith(`${graph}/`));
  return Object.fromEntries([
    ...names.map((name) => [`${graph}/${name}`, [name]]),
    ...long.map((name) => [name.slice(graph.length + 1), [name]]),
  ]);
}

// learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow, checked 2026-11-26: asked at the token endpoint too, and answered by sending the user there again.
const interactive: readonly Json[] = ["interaction_required", "consent_required", "login_required"];

export function readError({ body }: ProviderResponse): OAuthError | undefined {
  const { error = null, error_description: description, suberror } = objectOf(body);
  if (!interactive.includes(error)) return undefined;
  const words = [error, suberror, description].filter((text) => typeof text === "string");
  return { error: "invalid_grant", errorDescription: words.join(": ") };
}

export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The origin of an API, where it is not said which ones it has. */
export function originsOf(apiBaseUrl: string, said: readonly string[] | undefined): readonly string[] {
  return said ?? [apiBaseUrl.replace(/^(https:\/\/[^/?#]+).*$/s, "$1")];
}
