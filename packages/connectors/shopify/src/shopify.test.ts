import { createKeeper, generateKey } from "@grantkeeper/core";
import { connectorContract, consent, startProvider } from "@grantkeeper/testing";
import { afterEach, expect, test } from "vitest";
import { shopifyFixtures } from "../fixtures/index.ts";
import { shopify } from "./index.ts";

const app = { clientId: "client", clientSecret: "secret", scopes: ["write_orders", "read_customers"] };
const connector = shopify(app);
const uninstalling = shopify({ ...app, uninstallOnDisconnect: true });

connectorContract(test, connector, shopifyFixtures);

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function connect(which: typeof connector, more: Parameters<typeof startProvider>[1] = {}) {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const provider = await startProvider(which, { now, ...more });
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const keeper = createKeeper({
    connectors: { shopify: provider.connector },
    keys: [{ id: "test", secret: generateKey() }],
    callbackUrl: "https://app.example.com/connect",
    ...{ logger, now },
  });
  open.push(keeper.close, provider.close);
  const { url, headers } = await keeper.start("shopify", { owner: "ada", params: { shop: "example-teas" } });
  const callback = await consent(url);
  // Shopify adds these to each callback, and signs them.
  for (const name of ["hmac", "host", "shop", "timestamp"]) callback.searchParams.set(name, "x");
  const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
  const { connection } = await keeper.finish(new Request(callback, { headers: { cookie } }), { owner: "ada" });
  const advance = (seconds: number) => {
    ahead += seconds * 1000;
  };
  return { provider, connection, advance, url };
}

test("R41 a token goes alone in Shopify's own header, at consent and in calls", async () => {
  const { provider, connection } = await connect(connector);
  expect(await connection.status()).toMatchObject({ account: { id: "gid://shopify/Shop/10000000001" } });
  expect((await connection.fetch("shop.json")).status).toBe(200);
  expect(connector.tokenHeader).toBe("X-Shopify-Access-Token");
  expect(provider.log.apiRequests.map(({ credential, status }) => [credential, status])).toEqual([
    ["accessToken", 200],
    ["accessToken", 200],
  ]);
});

test("R20 scopes are asked for with commas, and one that another includes counts as granted", async () => {
  const { connection, url } = await connect(shopify({ ...app, scopes: ["write_orders", "read_orders"] }), {
    grantedScopes: () => ["write_orders"],
  });
  expect(new URL(url).searchParams.get("scope")).toBe("write_orders,read_orders");
  const { tokenSets } = await connection.status();
  expect(tokenSets["default"]?.scopes).toMatchObject({ granted: ["write_orders"], missing: [] });
});

test("F12 a store without the app ends the connection, though Shopify calls it an invalid request", async () => {
  const { provider, connection, advance } = await connect(connector);
  provider.revokeGrant((await connection.token()).accessToken);
  advance(3600);
  await expect(connection.token()).rejects.toMatchObject({ code: "reauthorization_required" });
});

test("R51 a disconnect leaves the app in the store, unless it is to be uninstalled", async () => {
  const kept = await connect(connector);
  expect(await kept.connection.disconnect()).toEqual({ revocation: "unsupported" });
  expect(kept.provider.log.revocations).toEqual([]);
  const gone = await connect(uninstalling);
  gone.advance(3700);
  expect(await gone.connection.disconnect()).toEqual({ revocation: "revoked" });
  expect(gone.provider.log.revocations).toMatchObject([{ known: true }]);
});

test("R18 what may be written may be read", () => {
  const scopes = ["write_products", "unauthenticated_write_checkouts", "customer_write_orders", "read_files"];
  expect(shopify({ ...app, scopes }).scopeIncludes).toEqual({
    write_products: ["read_products"],
    unauthenticated_write_checkouts: ["unauthenticated_read_checkouts"],
    customer_write_orders: ["customer_read_orders"],
  });
});

test("R25 a shop is one name below myshopify.com", () => {
  const { shop } = connector.params;
  for (const value of ["example-teas", "1"]) expect(shop.test(value)).toBe(true);
  for (const value of ["-x", "x.y", "Example", "x_y", "example.myshopify.com"]) expect(shop.test(value)).toBe(false);
});
