import { createKeeper, generateKey, type IdentifiedConnection, type Keeper } from "@grantkeeper/core";
import { type Connector, clientSecretBasic } from "@grantkeeper/core/connector";
import { type OidcProvider, startOidcProvider } from "@grantkeeper/testing/oidc";
import { afterAll, beforeAll, expect, test } from "vitest";
import { oidc } from "./index.ts";

// oidc-provider was not written for this project: it judges what is asked of it by discovery alone.
const callbackUrl = "https://app.example.com/connect";
const client = { clientId: "client-1", clientSecret: "client-secret-1" };
let provider: OidcProvider;
let connector: Connector<never, never>;
let keeper: Keeper<{ readonly acme: Connector<never, never> }>;
let ahead = 0;

beforeAll(async () => {
  const redirectUris = [`${callbackUrl}/acme/callback`];
  provider = await startOidcProvider({ ...client, redirectUris, accessTokenLifetime: 60 });
  const described = oidc({
    id: "acme",
    issuer: provider.origin,
    clientId: client.clientId,
    clientAuthentication: clientSecretBasic(client.clientSecret),
    scopes: ["profile", "email", "offline_access"],
    rotation: { kind: "strict" },
    docs: "https://github.com/panva/node-oidc-provider/blob/main/docs/README.md",
    checkedOn: "2026-11-26",
  });
  connector = { ...described, loopback: true };
  keeper = createKeeper({
    connectors: { acme: connector },
    keys: [{ id: "test", secret: generateKey() }],
    callbackUrl,
    now: () => Date.now() + ahead,
  });
});
afterAll(async () => {
  await keeper.close();
  await provider.close();
});

async function connect(login: string): Promise<IdentifiedConnection> {
  const { url, headers } = await keeper.start("acme", { owner: login });
  const callback = await provider.signIn(url, { login });
  const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
  const request = new Request(callback, { headers: { cookie } });
  return (await keeper.finish(request, { owner: login })).connection;
}

test("R22 R37 a whole flow ends in a connection whose account userinfo names", async () => {
  const connection = await connect("ada");
  expect(await connection.status()).toMatchObject({
    state: "active",
    account: { id: "ada", name: "ada", email: "ada@example.com" },
  });
  expect((await connection.token()).scopes).toEqual(expect.arrayContaining(["openid", "offline_access"]));
});

test("R43 a refresh brings another refresh token, and the next one spends that", async () => {
  const connection = await connect("grace");
  provider.log.clear();
  const seen = new Set([(await connection.token()).accessToken]);
  for (let round = 0; round < 3; round++) {
    ahead += 61_000;
    seen.add((await connection.token()).accessToken);
  }
  expect(seen.size).toBe(4);
  expect(provider.log.tokenRequests.map(({ outcome }) => outcome)).toEqual(["issued", "issued", "issued"]);
  expect(provider.log.reuseDetected).toBe(0);
});

test("R41 an API call carries the token to the issuer's own origin", async () => {
  const connection = await connect("edsger");
  const response = await connection.fetch("me");
  expect(await response.json()).toMatchObject({ sub: "edsger" });
});

test("R51 a disconnect revokes there", async () => {
  const connection = await connect("barbara");
  const { accessToken } = await connection.token();
  expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
  const headers = { authorization: `Bearer ${accessToken}` };
  expect((await fetch(`${provider.origin}/me`, { headers })).status).toBe(401);
});
