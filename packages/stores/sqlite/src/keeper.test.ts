import { join } from "node:path";
import { createKeeper, generateKey } from "@grantkeeper/core";
import { consent, startProvider } from "@grantkeeper/testing";
import { expect, onTestFinished, test } from "vitest";
import { sqliteStore } from "./index.ts";
import { example } from "./test/example.ts";
import { createFolder } from "./test/fixtures.ts";

test("D2 F2 a hundred callers of two keepers on one file make one token request for an expired token", async () => {
  const path = join(createFolder(), "grants.db");
  let offset = 0;
  const now = (): number => Date.now() + offset;
  const provider = await startProvider(example, { accessTokenLifetime: 3600, latencyMs: 50, now });
  onTestFinished(() => provider.close());
  const key = { id: "test", secret: generateKey() };
  const keepers = [0, 1].map(() => {
    const keeper = createKeeper({
      connectors: { example: provider.connector },
      store: sqliteStore(path, { now }),
      keys: [key],
      callbackUrl: "https://app.example.com/connect",
      now,
    });
    onTestFinished(() => keeper.close());
    return keeper;
  });
  const [first] = keepers;
  const started = await first?.start("example", { owner: "ada" });
  const callback = await consent(started?.url ?? "");
  const cookie = started?.headers.get("set-cookie")?.split(";")[0] ?? "";
  await first?.finish(new Request(callback, { headers: { cookie } }), { owner: "ada" });

  provider.log.clear();
  offset += 3601_000;
  const tokens = await Promise.all(
    keepers.flatMap((keeper) =>
      Array.from({ length: 50 }, () => keeper.connection("example", { owner: "ada" }).token()),
    ),
  );
  expect(provider.log.tokenRequests.map(({ outcome }) => outcome)).toEqual(["issued"]);
  expect(provider.log.reuseDetected).toBe(0);
  expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
}, 60_000);
