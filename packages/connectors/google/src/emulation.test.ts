import { type EmulatedProvider, startProvider } from "@grantkeeper/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { google } from "./index.ts";

const calendar = "https://www.googleapis.com/auth/calendar.readonly";
const connector = google({ clientId: "client", clientSecret: "secret", scopes: ["email", calendar] });
const path = "calendar/v3/users/me/calendarList";
let provider: EmulatedProvider;

beforeAll(async () => {
  provider = await startProvider(connector);
});
afterAll(() => provider.close());

test("R43 a refresh brings no refresh token, and long scope names", async () => {
  const [grant] = provider.seed({ count: 1 });
  const form = {
    grant_type: "refresh_token",
    refresh_token: grant?.tokenSets["default"]?.refreshToken ?? "",
    client_id: "client",
    client_secret: "secret",
  };
  const response = await fetch(provider.connector.tokenEndpoint ?? "", {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const body = (await response.json()) as Record<string, unknown>;
  expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3600 });
  expect(body["scope"]).toBe(`openid https://www.googleapis.com/auth/userinfo.email ${calendar}`);
  expect(body).not.toHaveProperty("refresh_token");
});

test("R18 a scope that was not granted is a 403, a dead token a 401, in Google's envelope", async () => {
  expect(await call(issue([calendar]))).toMatchObject({ status: 200, body: { kind: "calendar#calendarList" } });
  expect(await call(issue(["openid"]))).toMatchObject({
    status: 403,
    body: { error: { code: 403, status: "PERMISSION_DENIED" } },
  });
  expect(await call("unknown")).toMatchObject({
    status: 401,
    body: { error: { code: 401, status: "UNAUTHENTICATED" } },
  });
});

function issue(scopes: readonly string[]): string {
  const [grant] = provider.seed({ count: 1, scopes });
  return grant?.tokenSets["default"]?.accessToken ?? "";
}

async function call(accessToken: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${provider.connector.apiBaseUrl}/${path}`, { headers });
  return { status: response.status, body: await response.json() };
}
