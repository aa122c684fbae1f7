import type { EmulatedApiRequest } from "@grantkeeper/core/connector";
import { afterEach, expect, test } from "vitest";
import { exampleConnector } from "./example-connector.ts";
import { closeAll, start } from "./example-flow.ts";
import { post } from "./example-requests.ts";
import type { EmulatedProvider, ProviderOptions } from "./options.ts";
import { startProvider } from "./start.ts";

const emulation = async () => ({
  accounts: [
    { id: "1", name: "One Example" },
    { id: "2", name: "Two Example" },
  ],
  exampleCall: { path: "me" },
  routes: [
    {
      method: "GET",
      url: "https://api.example.com/v1/whose",
      handle: ({ token, reason }: EmulatedApiRequest) => ({
        status: token ? 200 : 401,
        json: { id: token?.account.id ?? null, scopes: token?.scopes ?? [], reason: reason ?? null },
      }),
    },
  ],
});
const options: ProviderOptions = {
  apiKeys: [
    { key: "key-1", accountId: "1" },
    { key: "key-2", accountId: "2", scopes: ["read"] },
  ],
  basicCredentials: [{ username: "two", password: "p:2", accountId: "2" }],
};
const api = { authorizationEndpoint: undefined, tokenEndpoint: undefined, revocationEndpoint: undefined };
const refused = (reason: string) => ({ id: null, scopes: [], reason });
afterEach(closeAll);

test("an API without any OAuth is served, and takes keys under any scheme", async () => {
  const { provider } = await start(exampleConnector({ ...api, emulation }), options);
  const both = ["read", "write"];
  for (const scheme of ["Bearer", "bearer", "Token", "GenieKey"]) {
    expect(await whose(provider, { authorization: `${scheme} key-1` })).toEqual({
      id: "1",
      scopes: both,
      reason: null,
    });
  }
  expect(await whose(provider, { authorization: "Token key-2" })).toEqual({ id: "2", scopes: ["read"], reason: null });
  expect(await whose(provider, { authorization: "Token key-3" })).toEqual(refused("unknown"));
  expect(await whose(provider, { authorization: "key-1" })).toEqual(refused("missing"));
  expect(await whose(provider, { "x-api-key": "key-1" })).toEqual(refused("missing"));
  expect(await whose(provider, {})).toEqual(refused("missing"));
  expect(provider.log.apiRequests.map(({ credential }) => credential)).toEqual([
    ...Array.from({ length: 5 }, () => "apiKey"),
    ...Array.from({ length: 4 }, () => undefined),
  ]);
  for (const path of ["/login.example.com/authorize", "/login.example.com/token"]) {
    expect((await fetch(`${provider.origin}${path}`)).status).toBe(404);
  }
});

test("user names and passwords are taken by HTTP Basic alone", async () => {
  const { provider } = await start(exampleConnector({ ...api, emulation }), options);
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  expect(await whose(provider, { authorization: basic("two:p:2") })).toMatchObject({ id: "2" });
  expect(provider.log.apiRequests).toMatchObject([{ accountId: "2", credential: "basic" }]);
  for (const wrong of ["two:p", "two:", "one:p:2", "TWO:p:2"]) {
    expect(await whose(provider, { authorization: basic(wrong) })).toEqual(refused("unknown"));
  }
  expect(await whose(provider, { authorization: "Basic key-1" })).toMatchObject({ id: null });
  expect(await whose(provider, { authorization: `Bearer ${Buffer.from("two:p:2").toString("base64")}` })).toEqual(
    refused("unknown"),
  );
});

test("where the connector names a header, keys and access tokens stand alone in it, and nowhere else", async () => {
  const { provider } = await start(exampleConnector({ emulation, tokenHeader: "x-api-key" }), options);
  expect(provider.connector.tokenHeader).toBe("x-api-key");
  const accessToken = provider.seed({ count: 1, accountId: "2" })[0]?.tokenSets["default"]?.accessToken ?? "";
  expect(await whose(provider, { "x-api-key": "key-1" })).toMatchObject({ id: "1" });
  expect(await whose(provider, { "X-API-Key": accessToken })).toMatchObject({ id: "2" });
  for (const [headers, reason] of [
    [{ authorization: "Bearer key-1" }, "missing"],
    [{ authorization: `Bearer ${accessToken}` }, "missing"],
    [{ "x-api-key": "Bearer key-1" }, "unknown"],
  ] as const) {
    expect(await whose(provider, headers)).toEqual(refused(reason));
  }
  const bare = await start(exampleConnector({ emulation, tokenHeader: "Authorization" }), options);
  expect(await whose(bare.provider, { authorization: "key-1" })).toMatchObject({ id: "1" });
});

test("an access token is taken as a bearer token, and under the type that its answer named", async () => {
  const named = async () => ({
    ...(await emulation()),
    tokenResponse: ({ tokenSets }: { tokenSets: Readonly<Record<string, { accessToken: string }>> }) => ({
      status: 200,
      json: { access_token: tokenSets["default"]?.accessToken ?? "", token_type: "Example-oauthtoken" },
    }),
  });
  const { provider } = await start(exampleConnector({ emulation: named }), { grants: { clientCredentials: {} } });
  const seeded = provider.seed({ count: 1, accountId: "1" })[0]?.tokenSets["default"]?.accessToken ?? "";
  expect(await whose(provider, { authorization: `Example-oauthtoken ${seeded}` })).toEqual(refused("missing"));
  const { body } = await post(provider.connector.tokenEndpoint ?? "", { grant_type: "client_credentials" });
  const token = String(body["access_token"]);
  expect(await whose(provider, { authorization: `example-oauthtoken ${token}` })).toMatchObject({ id: "1" });
  expect(await whose(provider, { authorization: `Bearer ${token}` })).toMatchObject({ id: "1" });
  expect(await whose(provider, { authorization: `Other ${token}` })).toEqual(refused("missing"));
});

test("a key of an account that is not there is found out at the start", async () => {
  for (const wrong of [
    { apiKeys: [{ key: "key", accountId: "3" }] },
    { basicCredentials: [{ username: "u", password: "p", accountId: "3" }] },
    { signInAs: "3" },
  ]) {
    await expect(startProvider(exampleConnector({ emulation }), wrong)).rejects.toThrow("no account 3");
  }
});

async function whose(provider: EmulatedProvider, headers: Readonly<Record<string, string>>): Promise<unknown> {
  return (await fetch(new URL("whose", provider.connector.apiBaseUrl), { headers })).json();
}
