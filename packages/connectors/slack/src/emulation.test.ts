import { consent, type EmulatedProvider, startProvider } from "@grantkeeper/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { slack } from "./index.ts";

const connector = slack({
  clientId: "2141029472.691202649728",
  clientSecret: "secret",
  scopes: ["chat:write"],
  userScopes: ["search:read"],
});
const redirectUri = "https://app.example.com/connect/slack/callback";
let provider: EmulatedProvider;

beforeAll(async () => {
  provider = await startProvider(connector);
});
afterAll(() => provider.close());

test("one consent gives the bot's token at the top and the person's under authed_user", async () => {
  const url = new URL(provider.connector.authorizationEndpoint ?? "");
  const query = { client_id: connector.clientId, redirect_uri: redirectUri, state: "state", response_type: "code" };
  for (const [name, value] of Object.entries({ ...query, scope: "chat:write", user_scope: "search:read" })) {
    url.searchParams.set(name, value);
  }
  const code = (await consent(url)).searchParams.get("code") ?? "";
  expect(await token({ grant_type: "authorization_code", code, redirect_uri: redirectUri })).toMatchObject({
    ok: true,
    token_type: "bot",
    scope: "chat:write",
    expires_in: 43200,
    team: { id: "T0EXAMPLE1" },
    authed_user: { id: "U0EXAMPLE1", token_type: "user", scope: "search:read", expires_in: 43200 },
  });
});

test("bot and person are refreshed separately, each at the top level", async () => {
  const [grant] = provider.seed({ count: 1 });
  for (const [name, type] of [
    ["default", "bot"],
    ["user", "user"],
  ] as const) {
    const refreshToken = grant?.tokenSets[name]?.refreshToken ?? "";
    const body = await token({ grant_type: "refresh_token", refresh_token: refreshToken });
    expect(body).toMatchObject({ ok: true, token_type: type, refresh_token: expect.any(String) });
    expect(body).not.toHaveProperty("authed_user");
  }
});

test("R36 every error is under HTTP 200 with ok: false", async () => {
  expect(await token({ grant_type: "refresh_token", refresh_token: "unknown" })).toEqual({
    ok: false,
    error: "invalid_refresh_token",
  });
  expect(await token({ grant_type: "authorization_code", code: "unknown" })).toEqual({
    ok: false,
    error: "invalid_code",
  });
  expect(await call("auth.test")).toEqual({ ok: false, error: "not_authed" });
  expect(await call("auth.test", "unknown")).toEqual({ ok: false, error: "invalid_auth" });
});

test("R51 revoking one token leaves the other", async () => {
  const [grant] = provider.seed({ count: 1 });
  const bot = grant?.tokenSets["default"]?.accessToken;
  const person = grant?.tokenSets["user"]?.accessToken;
  expect(await call("auth.revoke", person)).toEqual({ ok: true, revoked: true });
  expect(await call("auth.test", person)).toEqual({ ok: false, error: "token_revoked" });
  expect(await call("auth.test", bot)).toMatchObject({ ok: true, bot_id: "B0EXAMPLE" });
});

async function token(form: Record<string, string>): Promise<unknown> {
  const response = await fetch(provider.connector.tokenEndpoint ?? "", {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${connector.clientId}:secret`)}` },
    body: new URLSearchParams(form),
  });
  expect(response.status).toBe(200);
  return response.json();
}

async function call(method: string, accessToken?: string): Promise<unknown> {
  const headers: HeadersInit = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${provider.connector.apiBaseUrl}/${method}`, { method: "POST", headers });
  expect(response.status).toBe(200);
  return response.json();
}
