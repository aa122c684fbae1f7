import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { createPlainClient, type PlainClient } from "../contracts/plain-client.ts";
import { exampleConnector } from "./example-connector.ts";
import { failing } from "./failing.ts";
import type { EmulatedProvider, Faults } from "./options.ts";
import { startProvider } from "./start.ts";

let provider: EmulatedProvider | undefined;
afterEach(() => provider?.close());

test("a fault before a refresh spends nothing", async () => {
  const { client, refreshToken, isAlive } = await start({ before: () => ({ status: 503, text: "<html>down</html>" }) });
  const answer = await client.refresh(refreshToken);
  expect(answer.status).toBe(503);
  expect(answer.body).toBeUndefined();
  expect(isAlive()).toBe(true);
  expect(provider?.log.tokenRequests).toMatchObject([{ outcome: "fault", presented: { generation: 1 } }]);
});

test("a reset before a refresh spends nothing, one after it has spent the token", async () => {
  const before = await start({ before: () => "reset" });
  await expect(before.client.refresh(before.refreshToken)).rejects.toThrow();
  expect(before.isAlive()).toBe(true);
  await provider?.close();
  const after = await start({ after: () => "reset" });
  await expect(after.client.refresh(after.refreshToken)).rejects.toThrow();
  expect(after.isAlive()).toBe(false);
  expect(provider?.log.tokenRequests).toMatchObject([{ outcome: "issued", issued: { generation: 2 } }]);
  expect(provider?.log.tokenRequests[0]?.endedAt).toBeDefined();
});

test("a cut answer ends in its middle", async () => {
  const { refreshToken } = await start({ after: () => "cut" });
  const { connector } = provider ?? {};
  const secret = encodeURIComponent("s:e+c%r-é");
  const response = await fetch(connector?.tokenEndpoint ?? "", {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`client-1:${secret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "refresh_token", refresh_token: refreshToken }),
  });
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow();
});

test("a fault is chosen by the request, and may delay it", async () => {
  const { client, refreshToken } = await start({
    before: async ({ presented }) => {
      if (presented?.generation === 1) await delay(60);
      return undefined;
    },
  });
  const started = performance.now();
  expect((await client.refresh(refreshToken)).status).toBe(200);
  expect(performance.now() - started).toBeGreaterThan(50);
});

test("API calls have faults too", async () => {
  const { client } = await start({
    api: ({ url }) => (url.pathname === "/v1/me" ? { status: 429, headers: { "retry-after": "7" } } : undefined),
  });
  const answer = await client.send({ url: "me", authentication: "bearer" }, "any");
  expect(answer.status).toBe(429);
  expect(answer.headers.get("retry-after")).toBe("7");
});

test("R51 the revocation endpoint can be down for a number of times, and what it did not do is not in the log", async () => {
  const unavailable = { status: 503, headers: { "retry-after": "7" } };
  const { client, refreshToken, isAlive } = await start({
    api: failing(2, unavailable, ({ url }) => url.pathname === "/revoke"),
  });
  await client.send({ url: "me", authentication: "bearer" }, "any");
  for (let count = 0; count < 2; count++) {
    const answer = await client.revokeToken(refreshToken, "refresh_token");
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("7");
    expect(isAlive()).toBe(true);
  }
  expect(provider?.log.revocations).toEqual([]);
  expect((await client.revokeToken(refreshToken, "refresh_token")).status).toBe(200);
  expect(isAlive()).toBe(false);
  expect(provider?.log.revocations).toMatchObject([{ known: true }]);
});

test("a number of token requests fails, and then none", async () => {
  const { client, refreshToken } = await start({ before: failing(1, { status: 500 }) });
  expect((await client.refresh(refreshToken)).status).toBe(500);
  expect((await client.refresh(refreshToken)).status).toBe(200);
});

async function start(faults: Faults): Promise<{ client: PlainClient; refreshToken: string; isAlive: () => boolean }> {
  const started = await startProvider(exampleConnector(), { faults });
  provider = started;
  const refreshToken = started.seed({ count: 1 })[0]?.tokenSets["default"]?.refreshToken ?? "";
  const client = createPlainClient(started.connector, "https://app.example.com/callback", {});
  return { client, refreshToken, isAlive: () => started.isAlive(refreshToken) };
}
