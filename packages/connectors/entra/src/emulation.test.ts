import { clientSecretPost } from "@grantkeeper/core/connector";
import { type EmulatedProvider, startProvider } from "@grantkeeper/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { entra } from "./index.ts";

const client = { clientId: "client", clientAuthentication: clientSecretPost("secret") };
const connector = entra({ ...client, tenant: "organizations", scopes: ["Mail.Read"] });
let provider: EmulatedProvider;

beforeAll(async () => {
  provider = await startProvider(connector);
});
afterAll(() => provider.close());

test("R43 each use gives another refresh token, and the old one stays good", async () => {
  const [grant] = provider.seed({ count: 1 });
  const first = grant?.tokenSets["default"]?.refreshToken ?? "";
  const second = await refresh(first);
  const third = await refresh(first);
  expect(second).toMatchObject({ token_type: "Bearer", expires_in: 3599, scope: "User.Read Mail.Read" });
  const tokens = [first, second["refresh_token"], third["refresh_token"]];
  expect(new Set(tokens).size).toBe(3);
  for (const token of tokens) expect(provider.isAlive(String(token))).toBe(true);
});

test("R36 a dead refresh token has an AADSTS code and a suberror", async () => {
  expect(await refresh("unknown")).toMatchObject({
    error: "invalid_grant",
    error_codes: [expect.any(Number)],
    error_description: expect.stringMatching(/^AADSTS\d+: /),
    suberror: "bad_token",
  });
});

test("`me` of Graph says whose token it is, and refuses one that is dead in Graph's shape", async () => {
  const [grant] = provider.seed({ count: 1, accountId: provider.accounts[0]?.id ?? "" });
  const me = async (accessToken: string) => {
    const headers = { authorization: `Bearer ${accessToken}` };
    const response = await fetch(`${provider.connector.apiBaseUrl}/me`, { headers });
    return { status: response.status, body: await response.json() };
  };
  expect(await me(grant?.tokenSets["default"]?.accessToken ?? "")).toMatchObject({
    status: 200,
    body: { id: provider.accounts[0]?.id, displayName: "Alex Example", mail: "alex@example.com" },
  });
  expect(await me("unknown")).toMatchObject({ status: 401, body: { error: { code: "InvalidAuthenticationToken" } } });
});

async function refresh(refreshToken: string): Promise<Record<string, unknown>> {
  const body = new URLSearchParams({
    ...{ grant_type: "refresh_token", refresh_token: refreshToken },
    ...{ client_id: "client", client_secret: "secret" },
  });
  const response = await fetch(provider.connector.tokenEndpoint ?? "", { method: "POST", body });
  return (await response.json()) as Record<string, unknown>;
}
