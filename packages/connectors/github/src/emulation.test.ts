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
  const response = await fetch(provider.connector.tokenEndpoint ?? "", {
    method: "POST",
    body: new URLSearchParams(form),
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ error: "bad_verification_code" });
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

async function call(path: string, accessToken?: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const headers: HeadersInit = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
  const response = await fetch(`${provider.connector.apiBaseUrl}/${path}`, { headers });
  return { status: response.status, body: await response.json() };
}
