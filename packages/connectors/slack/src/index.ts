import {
  type Account,
  type Connector,
  clientSecretBasic,
  defineConnector,
  type IdentityInput,
  type Json,
  type JsonObject,
  type OAuthError,
  type ProviderResponse,
} from "@grantkeeper/core/connector";
import type { SlackScope } from "./scopes.ts";

export type { SlackScope } from "./scopes.ts";

/** The Slack app that asks, and what it asks for (https://api.slack.com/apps). */
export interface SlackOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Scopes of the app's bot: its token is the set `default`. Left out: no bot is installed. */
  readonly scopes?: readonly SlackScope[] | undefined;
  /** Scopes of the person who consents: that token is the set `user`. */
  readonly userScopes?: readonly SlackScope[] | undefined;
  /** True once PKCE is enabled for the app, which cannot be undone and makes it a public client. */
  readonly pkce?: boolean | undefined;
}

/**
 * Connects a Slack workspace or organization: the app's bot, the person who consents, or both in one consent.
 * Rests on https://docs.slack.dev/authentication/installing-with-oauth.
 */
export function slack(options: SlackOptions): Connector<never, "user", never> {
  const userScopes = options.userScopes ?? [];
  return defineConnector<never, "user">({
    id: "slack",
    name: "Slack",

    clientId: options.clientId,
    // docs.slack.dev/reference/methods/oauth.v2.access, checked 2026-11-23: basic is preferred, post accepted.
    // A client id holds a dot, and that Slack decodes %2E is unconfirmed.
    clientAuthentication: clientSecretBasic(options.clientSecret, { encoding: "raw" }),
    // docs.slack.dev/authentication/using-pkce, checked 2026-11-23: usable only once the app has enabled it.
    pkce: options.pkce ? "S256" : { refused: "https://docs.slack.dev/authentication/using-pkce" },

    // docs.slack.dev/authentication/installing-with-oauth, checked 2026-11-23
    authorizationEndpoint: "https://slack.com/oauth/v2/authorize",
    // docs.slack.dev/reference/methods/oauth.v2.access, checked 2026-11-23
    tokenEndpoint: "https://slack.com/api/oauth.v2.access",

    apiBaseUrl: "https://slack.com/api",
    apiOrigins: ["https://slack.com"],

    scopes: options.scopes ?? [],
    scopeSeparator: ",",
    tokenSets: userScopes.length > 0 ? { user: { scopes: userScopes } } : {},
    params: {},
    authorizationParams: ({ scopes: { user = [] } }) => ({ user_scope: user.join(",") }),

    // docs.slack.dev/authentication/using-token-rotation, checked 2026-11-23: an app opts in; without it a token never
    // expires and there is no refresh token.
    rotation: { kind: "strict" },
    accessTokenLifetime: 43_200,
    // docs.slack.dev/authentication/using-pkce, checked 2026-11-23: 30 days, once PKCE is enabled.
    refreshTokenLifetime: options.pkce ? 2_592_000 : undefined,
    // docs.slack.dev/reference/methods/auth.revoke, checked 2026-11-23
    revocationScope: "token",

    readTokens,
    readError,
    rejectsToken: ({ body }) => deadTokenErrors.includes(errorOf(body) ?? ""),
    identify: {
      request: ({ tokenSets }) => ({
        url: "auth.test",
        method: "POST",
        authentication: "bearer",
        tokenSet: tokenSets.includes("default") ? "default" : "user",
      }),
      read: readAccount,
    },
    revoke: {
      needsLiveAccessToken: true,
      requests: () => [{ url: "auth.revoke", method: "POST", authentication: "bearer" }],
      // An expired token says nothing about its refresh token.
      revoked: ({ body }) =>
        objectOf(body).ok === true ||
        (errorOf(body) !== "token_expired" && deadTokenErrors.includes(errorOf(body) ?? "")),
    },

    docs: "https://docs.slack.dev/authentication/installing-with-oauth",
    checkedOn: "2026-11-23",
    emulation: () => import("./emulation.ts").then((module) => module.slackEmulation),
  });
}

// docs.slack.dev/reference/methods/auth.test, checked 2026-11-23
const deadTokenErrors: readonly string[] = ["token_expired", "token_revoked", "invalid_auth", "account_inactive"];

// docs.slack.dev/reference/methods/oauth.v2.access, checked 2026-11-23
const errorCodes: readonly (readonly [code: string, slackErrors: string])[] = [
  // code_already_used is unconfirmed: it is not on the page.
  [
    "invalid_grant",
    "invalid_code code_already_used invalid_refresh_token token_expired token_revoked account_inactive",
  ],
  ["invalid_client", "invalid_client_id bad_client_secret"],
  ["invalid_request", "bad_redirect_uri oauth_authorization_url_mismatch invalid_arguments invalid_form_data"],
  ["invalid_scope", "no_scopes"],
  ["unsupported_grant_type", "invalid_grant_type"],
  ["server_error", "fatal_error internal_error"],
  ["temporarily_unavailable", "ratelimited request_timeout service_unavailable team_added_to_org"],
];

// A consent gives the bot's token at the top and the person's under authed_user:
// docs.slack.dev/reference/methods/oauth.v2.access, checked 2026-11-23. A refresh gives either at the top, and
// token_type tells which: unconfirmed there, but so github.com/slackapi/python-slack-sdk reads it.
function readTokens(body: JsonObject): Readonly<Record<string, JsonObject>> {
  const { authed_user: person, ...top } = body;
  const personal = objectOf(person);
  return {
    ...(top.access_token !== undefined && { [top.token_type === "user" ? "user" : "default"]: bearer(top) }),
    ...(personal.access_token !== undefined && { user: bearer(personal) }),
  };
}

function bearer(tokens: JsonObject): JsonObject {
  return { ...tokens, token_type: "bearer" };
}

// Errors come with HTTP 200 and ok: false.
function readError({ body }: ProviderResponse): OAuthError | undefined {
  const error = errorOf(body);
  if (error === undefined) return undefined;
  const [code] = errorCodes.find(([, slackErrors]) => slackErrors.split(" ").includes(error)) ?? [error];
  return { error: code, errorDescription: error };
}

// A bot belongs to the workspace (or the organization, where the app was installed there), whoever installed it; a
// person's token belongs to that person in it.
function readAccount({ response, tokenResponse, tokenSets }: IdentityInput): Account | undefined {
  const answer = objectOf(response);
  const person = objectOf(tokenResponse.authed_user);
  const everywhere = (tokenResponse.is_enterprise_install ?? answer.is_enterprise_install) === true;
  const place = objectOf(everywhere ? tokenResponse.enterprise : tokenResponse.team);
  const placeId = place.id ?? (everywhere ? answer.enterprise_id : answer.team_id);
  const isPerson = !tokenSets.includes("default");
  const personId = isPerson ? answer.user_id : person.access_token !== undefined ? person.id : undefined;
  if (answer.ok !== true || !isText(placeId) || (isPerson && !isText(personId))) return undefined;
  const name = place.name ?? answer.team;
  return {
    id: isText(personId) ? `${placeId}:${personId}` : placeId,
    // A connection that gains or loses user scopes at a reconnect stays the workspace's.
    tenant: placeId,
    ...(isText(name) && { name: isPerson ? `${name} (${answer.user})` : name }),
  };
}

function errorOf(body: Json | undefined): string | undefined {
  const { ok, error } = objectOf(body);
  if (ok !== false) return undefined;
  return isText(error) ? error : "unknown_error";
}

function isText(value: Json | undefined): value is string {
  return typeof value === "string" && value !== "";
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
