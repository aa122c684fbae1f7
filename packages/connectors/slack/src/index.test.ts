import type { Account, Json, JsonObject, ProviderResponse } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { slackFixtures } from "../fixtures/index.ts";
import { slack } from "./index.ts";

const client = { clientId: "2141029472.691202649728", clientSecret: "secret" };
const connector = slack({ ...client, scopes: ["channels:read", "chat:write"], userScopes: ["search:read"] });

connectorContract(test, connector, slackFixtures);

test("R2 PKCE is refused until the app has enabled it", () => {
  expect(connector.pkce).toEqual({ refused: "https://docs.slack.dev/authentication/using-pkce" });
  expect(connector.refreshTokenLifetime).toBeUndefined();
  const enabled = slack({ ...client, scopes: ["commands"], pkce: true });
  expect(enabled.pkce).toBe("S256");
  expect(enabled.refreshTokenLifetime).toBe(30 * 24 * 60 * 60);
});

test("R33 client credentials are sent as they are", () => {
  expect(connector.clientAuthentication).toMatchObject({ method: "client_secret_basic", encoding: "raw" });
});

test("R34 Slack's token types `bot` and `user` become `bearer`", () => {
  const sets = readTokens({
    access_token: "xoxb-example",
    token_type: "bot",
    authed_user: { id: "U1234", access_token: "xoxp-example", token_type: "user" },
  });
  expect(sets["default"]).toMatchObject({ access_token: "xoxb-example", token_type: "bearer" });
  expect(sets["user"]).toMatchObject({ access_token: "xoxp-example", token_type: "bearer" });
});

test("R54 the bot's set holds nothing of the person's token", () => {
  const sets = readTokens({
    access_token: "xoxb-example",
    token_type: "bot",
    authed_user: { id: "U1234", access_token: "xoxp-example", token_type: "user" },
  });
  expect(JSON.stringify(sets["default"])).not.toContain("xoxp-example");
});

test("R45 a refresh is filed by its token type, at the top level or nested", () => {
  const refreshed = { access_token: "a", refresh_token: "r" };
  expect(Object.keys(readTokens({ ...refreshed, token_type: "bot" }))).toEqual(["default"]);
  expect(Object.keys(readTokens({ ...refreshed, token_type: "user" }))).toEqual(["user"]);
  expect(Object.keys(readTokens({ authed_user: { ...refreshed, token_type: "user" } }))).toEqual(["user"]);
  expect(readTokens({ ok: true, authed_user: { id: "U1234" } })).toEqual({});
});

test("R36 an error under HTTP 200 is an error, and keeps Slack's word for it", () => {
  const read = (body: Json | undefined): unknown => connector.readError?.(answer(body));
  expect(read({ ok: false, error: "ratelimited" })).toEqual({
    error: "temporarily_unavailable",
    errorDescription: "ratelimited",
  });
  expect(read({ ok: false, error: "new_error" })).toEqual({ error: "new_error", errorDescription: "new_error" });
  expect(read({ ok: false })).toEqual({ error: "unknown_error", errorDescription: "unknown_error" });
  expect(read({ ok: true })).toBeUndefined();
  expect(read(undefined)).toBeUndefined();
});

test("a token that is dead is told from a call that failed", () => {
  const rejects = (error: string): unknown => connector.rejectsToken?.(answer({ ok: false, error }));
  for (const error of ["token_expired", "token_revoked", "invalid_auth", "account_inactive"]) {
    expect(rejects(error)).toBe(true);
  }
  for (const error of ["missing_scope", "ratelimited", "channel_not_found"]) expect(rejects(error)).toBe(false);
  expect(connector.rejectsToken?.(answer({ ok: true }))).toBe(false);
});

test("user scopes are asked for beside the bot's", () => {
  expect(connector.scopes).toEqual(["channels:read", "chat:write"]);
  expect(connector.tokenSets).toEqual({ user: { scopes: ["search:read"] } });
  const asked = (user?: readonly string[]): unknown =>
    typeof connector.authorizationParams === "function" &&
    connector.authorizationParams({
      hasRefreshToken: false,
      scopes: { default: ["chat:write"], ...(user && { user }) },
    });
  expect(asked(["dnd:read", "search:read"])).toEqual({ user_scope: "dnd:read,search:read" });
  expect(asked()).toEqual({ user_scope: "" });
  expect(slack({ ...client, scopes: ["commands"] }).tokenSets).toEqual({});
});

test("identity is asked with the bot's token, and with the person's where there is no bot", () => {
  expect(connector.identify?.request?.({ tokenSets: ["default", "user"] }).tokenSet).toBe("default");
  expect(connector.identify?.request?.({ tokenSets: ["user"] }).tokenSet).toBe("user");
});

test("the account of tokens without a token response is read from auth.test", () => {
  const bot = { ok: true, team: "Team", team_id: "T1", user_id: "U1", bot_id: "B1" };
  expect(readAccount(bot, ["default"])?.id).toBe("T1");
  const person = { ok: true, team: "Team", team_id: "T1", user: "grace", user_id: "U1" };
  expect(readAccount(person, ["user"])).toEqual({ id: "T1:U1", tenant: "T1", name: "Team (grace)" });
  const everywhere = { ...bot, enterprise_id: "E1", is_enterprise_install: true };
  expect(readAccount(everywhere, ["default"])?.id).toBe("E1");
});

test("an answer that names no workspace or person names no account", () => {
  expect(readAccount({ ok: false, error: "fatal_error" }, ["default"])).toBeUndefined();
  expect(readAccount({ ok: true, bot_id: "B1" }, ["default"])).toBeUndefined();
  expect(readAccount({ ok: true, team_id: "T1" }, ["user"])).toBeUndefined();
});

function readTokens(body: JsonObject): Readonly<Record<string, JsonObject>> {
  return connector.readTokens?.(body) ?? {};
}

function readAccount(response: Json, tokenSets: readonly string[]): Account | undefined {
  return connector.identify?.read({
    response,
    tokenResponse: {},
    idTokenClaims: undefined,
    tokenSets,
    params: {},
    credentials: {},
  });
}

function answer(body: Json | undefined): ProviderResponse {
  return { status: 200, headers: new Headers(), body };
}
