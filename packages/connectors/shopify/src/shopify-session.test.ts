import { createKeeper, generateKey } from "@grantkeeper/core";
import { type ConnectorFixtures, connectorContract, startProvider } from "@grantkeeper/testing";
import { afterEach, expect, test } from "vitest";
import { shopifyFixtures } from "../fixtures/index.ts";
import { shopifySession } from "./index.ts";

const connector = shopifySession({ clientId: "client", clientSecret: "secret" });
const type = "urn:ietf:params:oauth:token-type:id_token";
const credentials = { subjectToken: "session-token-of-teas" };
const provider = {
  grants: {
    tokenExchange: {
      subjectTokens: [
        { token: "session-token-of-teas", type, accountId: "gid://shopify/Shop/10000000001", scopes: ["write_orders"] },
        { token: "session-token-of-coffees", type, accountId: "gid://shopify/Shop/10000000002" },
      ],
    },
  },
};
const fixtures: ConnectorFixtures = {
  ...shopifyFixtures,
  credentials: {
    accepted: { credentials },
    ofAnotherAccount: { credentials: { subjectToken: "session-token-of-coffees" }, params: { shop: "coffees" } },
    refused: { credentials: { subjectToken: "session-token-of-nobody" } },
    provider,
  },
};

connectorContract(test, connector, fixtures);

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function start() {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const emulated = await startProvider(connector, { ...provider, now });
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const keeper = createKeeper({
    connectors: { shopify: emulated.connector },
    keys: [{ id: "test", secret: generateKey() }],
    callbackUrl: "https://app.example.com/connect",
    ...{ logger, now },
  });
  open.push(keeper.close, emulated.close);
  const advance = (seconds: number) => {
    ahead += seconds * 1000;
  };
  return { emulated, keeper, advance };
}

test("R49 a session token is spent once, for tokens that are refreshed without a merchant", async () => {
  const { emulated, keeper, advance } = await start();
  const connection = await keeper.connect("shopify", { owner: "ada", params: { shop: "teas" }, credentials });
  expect(await connection.status()).toMatchObject({
    account: { id: "gid://shopify/Shop/10000000001", name: "Example Teas" },
    tokenSets: { default: { refreshable: true, scopes: { granted: ["write_orders"] } } },
  });
  const first = await connection.token();
  advance(3600);
  expect((await connection.token()).accessToken).not.toBe(first.accessToken);
  expect(emulated.log.tokenRequests.map(({ grantType, outcome }) => [grantType, outcome])).toEqual([
    ["urn:ietf:params:oauth:grant-type:token-exchange", "issued"],
    ["refresh_token", "issued"],
  ]);
});

test("R49 one that has expired is refused as credentials are, and has to be had anew from App Bridge", async () => {
  const { keeper } = await start();
  const expired = { subjectToken: "session-token-that-has-expired" };
  const refused = keeper.connect("shopify", { owner: "ada", params: { shop: "teas" }, credentials: expired });
  await expect(refused).rejects.toMatchObject({ code: "credentials_refused" });
});

test("R49 it is exchanged in Shopify's own shape: as an ID token, for an offline token that expires", () => {
  const { credentials: grant, tokenParams } = connector;
  const input = { credentials, params: { shop: "teas" }, scopes: [], clientId: "client", tokenEndpoint: "" };
  expect(grant?.kind).toBe("once");
  expect(grant?.kind === "once" ? grant.request(input) : undefined).toEqual({
    grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
    form: {
      subject_token: "session-token-of-teas",
      subject_token_type: type,
      requested_token_type: "urn:shopify:params:oauth:token-type:offline-access-token",
    },
  });
  expect(tokenParams).toEqual({ expiring: "1" });
});
