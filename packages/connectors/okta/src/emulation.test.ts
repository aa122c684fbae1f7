import { clientSecretBasic } from "@grantkeeper/core/connector";
import { type EmulatedProvider, startProvider } from "@grantkeeper/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { okta } from "./index.ts";

const read = "okta.users.read.self";
let provider: EmulatedProvider;

beforeAll(async () => {
  const client = { clientId: "client", clientAuthentication: clientSecretBasic("secret") };
  provider = await startProvider(okta({ ...client, scopes: [read], host: "acme.okta.com" }));
});
afterAll(() => provider.close());

test("R18 a scope that was not granted is a 403, a dead token a 401, in Okta's shape", async () => {
  expect(await me([read])).toMatchObject({
    status: 200,
    body: { status: "ACTIVE", profile: { login: "alex@example.com" } },
  });
  expect(await me(["openid"])).toMatchObject({ status: 403, body: { errorCode: "E0000006" } });
  expect(await me(undefined)).toMatchObject({ status: 401, body: { errorCode: "E0000011" } });
});

/** With a token for these scopes, or one that nobody knows. */
async function me(scopes: readonly string[] | undefined): Promise<{ readonly status: number; readonly body: unknown }> {
  const accountId = provider.accounts[0]?.id ?? "";
  const [grant] = scopes === undefined ? [] : provider.seed({ count: 1, accountId, scopes });
  const headers = { authorization: `Bearer ${grant?.tokenSets["default"]?.accessToken ?? "unknown"}` };
  const response = await fetch(`${provider.connector.apiBaseUrl}/api/v1/users/me`, { headers });
  return { status: response.status, body: await response.json() };
}
