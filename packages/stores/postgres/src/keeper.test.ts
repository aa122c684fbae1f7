import { createKeeper, generateKey } from "@grantkeeper/core";
import { clientSecretPost, defineConnector } from "@grantkeeper/core/connector";
import { consent, startProvider } from "@grantkeeper/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { postgresStore } from "./index.ts";
import { createPool, dropSchema, missingServer, newSchemaName } from "./test/server.ts";

const missing = await missingServer();

const connector = defineConnector({
  id: "example",
  name: "Example",
  clientId: "client",
  clientAuthentication: clientSecretPost("secret"),
  pkce: "S256",
  authorizationEndpoint: "https://example.com/authorize",
  tokenEndpoint: "https://example.com/token",
  apiBaseUrl: "https://api.example.com/",
  apiOrigins: ["https://api.example.com"],
  scopes: ["read"],
  scopeSeparator: " ",
  tokenSets: {},
  params: {},
  rotation: { kind: "strict" },
  revocationScope: "token",
  docs: "https://example.com/docs",
  checkedOn: "2026-11-23",
});

describe.skipIf(missing)(missing ?? "keepers on two pools", () => {
  test("D2 fifty callers on each of two keepers make one token request", async () => {
    let offset = 0;
    const now = () => Date.now() + offset;
    const provider = await startProvider(connector, { accessTokenLifetime: 3600, latencyMs: 50, now });
    onTestFinished(() => provider.close());
    const schema = newSchemaName();
    const keys = [{ id: "test", secret: generateKey() }];
    const open = () => {
      const pool = createPool();
      const keeper = createKeeper({
        connectors: { example: provider.connector },
        store: postgresStore({ pool, schema }),
        keys,
        callbackUrl: "https://app.example.com/connect",
        now,
      });
      return { pool, keeper };
    };
    const [first, second] = [open(), open()];
    onTestFinished(async () => {
      for (const { keeper } of [first, second]) await keeper.close();
      await dropSchema(first.pool, schema);
      for (const { pool } of [first, second]) await pool.end();
    });

    const { url, headers } = await first.keeper.start("example", { owner: "ada" });
    const callback = await consent(url);
    const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
    // The flow comes back to the other keeper, as it may behind a load balancer.
    await second.keeper.finish(new Request(callback, { headers: { cookie } }), { owner: "ada" });
    const handles = [first, second].map(({ keeper }) => keeper.connection("example", { owner: "ada" }));
    const before = await handles[0]?.token();

    offset = 2 * 3600 * 1000;
    provider.log.clear();
    const tokens = await Promise.all(handles.flatMap((handle) => Array.from({ length: 50 }, () => handle.token())));
    expect(provider.log.tokenRequests).toHaveLength(1);
    expect(provider.log.reuseDetected).toBe(0);
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(tokens[0]?.accessToken).not.toBe(before?.accessToken);
  });
});
