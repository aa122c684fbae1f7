import { type EmulatedProvider, startProvider } from "@grantkeeper/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { github } from "./index.ts";

const connector = github({ clientId: "client", clientSecret: "secret", scopes: ["repo", "user:email"] });
let provider: EmulatedProvider;

beforeAll(async () => {
  provider = await startProvider(connector);
});
afterAll(() => provider.close());

test("R36 a wrong code is an error under HTTP 200", async () => {
  const form = { grant_type: "authorization_code", code: "wrong", client_id: "client", client_secret: "secret" };
  const wrong = await post(provider.connector.tokenEndpoint, form);
  expect(wrong).toMatchObject({ status: 200, body: { error: "bad_verification_code" } });
});

test("R36 a device's polls are answered under HTTP 200, in GitHub's words", async () => {
  const client = { client_id: "client", client_secret: "secret" };
  const begun = await post(provider.connector.deviceAuthorizationEndpoint, { ...client, scope: "repo" });
  const grant = { ...client, grant_type: "urn:ietf:params:oauth:grant-type:device_code" };
  const poll = (deviceCode: string) => post(provider.connector.tokenEndpoint, { ...grant, device_code: deviceCode });
  expect(await poll("unknown")).toMatchObject({ status: 200, body: { error: "incorrect_device_code" } });
  const { device_code: deviceCode, user_code: userCode } = begun.body;
  expect(await poll(deviceCode ?? "")).toMatchObject({ status: 200, body: { error: "authorization_pending" } });
  provider.approveDevice(userCode ?? "");
  expect(await poll(deviceCode ?? "")).toMatchObject({ status: 200, body: { scope: "repo", token_type: "bearer" } });
});

test("an account is a number, and a token that is missing or dead is told in GitHub's words", async () => {
  const accessToken = issue();
  expect(await call("user", accessToken)).toMatchObject({ status: 200, body: { id: 1000001, login: "octo-example" } });
  expect(await call("user")).toMatchObject({ status: 401, body: { message: "Requires authentication" } });
  expect(await call("user", "gho_unknown")).toMatchObject({ status: 401, body: { message: "Bad credentials" } });
});

test("R51 an access token is deleted by the client's own credentials alone", async () => {
  const accessToken = issue();
  const url = `${provider.connector.apiBaseUrl}/applications/client/token`;
  const body = JSON.stringify({ access_token: accessToken });
  expect((await fetch(url, { method: "DELETE", body })).status).toBe(401);
  const headers = { authorization: `Basic ${btoa("client:secret")}` };
  expect((await fetch(url, { method: "DELETE", headers, body })).status).toBe(204);
  expect((await call("user", accessToken)).status).toBe(401);
});

function issue(): string {
  const [grant] = provider.seed({ count: 1, accountId: "1000001" });
  return grant?.tokenSets["default"]?.accessToken ?? "";
}

async function post(
  url: string | undefined,
  form: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, string>> }> {
  const response = await fetch(url ?? "", { method: "POST", body: new URLSearchParams(form) });
  return { status: response.status, body: await response.json() };
}

async function call(path: string, accessToken?: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers: HeadersInit = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${provider.connector.apiBaseUrl}/${path}`, { headers });
  return { status: response.status, body: await response.json() };
}
