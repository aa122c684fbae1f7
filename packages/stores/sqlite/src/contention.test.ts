import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isGrantkeeperError } from "@grantkeeper/core";
import { expect, onTestFinished, test } from "vitest";
import { createFolder, errorOf, openStore, runProcesses } from "./test/fixtures.ts";
import { newRow } from "./test/new-row.ts";

test("F2 D2 eight processes that ask for one row's lease take each fence once, and lose no update", async () => {
  const path = join(createFolder(), "grants.db");
  const store = openStore(path);
  await store.insert(newRow("con"));
  const results = (await runProcesses("contend.ts", 8, path, "con", "200")) as readonly {
    readonly fences: readonly number[];
    readonly commits: number;
  }[];
  const fences = results.flatMap((result) => result.fences).sort((a, b) => a - b);
  const commits = results.reduce((sum, result) => sum + result.commits, 0);
  expect(fences.length).toBeGreaterThan(0);
  expect(fences).toEqual(fences.map((_, index) => index + 1));
  const row = await store.get("con");
  expect(row).toMatchObject({ fence: fences.length, version: 1 + commits, lease: undefined, intents: [] });
  expect(Buffer.from(row?.sealed ?? []).toString()).toBe(String(commits));
}, 120_000);

test("F2 eight processes migrate a new file at once, and find each other's rows", async () => {
  const path = join(createFolder(), "grants.db");
  const inserted = await runProcesses("migrate.ts", 8, path);
  expect(inserted.filter(Boolean)).toHaveLength(1);
  expect((await openStore(path).list({ limit: 100 })).rows).toHaveLength(8 + 1);
}, 60_000);

test("F1 two stores of one process on one file give a lease once", async () => {
  const path = join(createFolder(), "grants.db");
  const stores = [openStore(path), openStore(path)];
  await stores[0]?.insert(newRow("con"));
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, () =>
      stores.map((store, index) =>
        store.lease({
          ...{ connectionId: "con", grantId: "grant-con", version: 1, fence: 0 },
          ...{ holder: `holder-${index}`, durationMs: 60_000, intent: undefined },
        }),
      ),
    ).flat(),
  );
  expect(outcomes.filter(({ kind }) => kind === "leased")).toHaveLength(1);
  expect(outcomes.filter(({ kind }) => kind === "held")).toHaveLength(99);
});

test("F7 a database that stays locked is store_unavailable, is read all the same, and works again after", async () => {
  const path = join(createFolder(), "grants.db");
  const store = openStore(path, { busyTimeoutMs: 1 });
  await store.insert(newRow("con"));
  const other = new DatabaseSync(path);
  onTestFinished(() => other.close());
  other.exec("BEGIN EXCLUSIVE");
  const writes = Array.from({ length: 20 }, (_, index) => store.insert(newRow(`new-${index}`)));
  const errors = Promise.all(writes.map(errorOf));
  expect(await store.get("con")).toBeDefined();
  for (const error of await errors) {
    if (!isGrantkeeperError(error)) throw error;
    expect(error).toMatchObject({ code: "store_unavailable", retryAt: expect.any(Date) });
    expect(error.cause).toMatchObject({ message: "Error ERR_SQLITE_ERROR 5" });
  }
  other.exec("ROLLBACK");
  expect(await store.insert(newRow("after"))).toEqual({ inserted: true });
  expect((await store.list({ limit: 100 })).rows).toHaveLength(2);
});

test("a lock that is given back in time is waited for", async () => {
  const path = join(createFolder(), "grants.db");
  const store = openStore(path, { busyTimeoutMs: 0 });
  await store.migrate();
  const other = new DatabaseSync(path);
  other.exec("BEGIN EXCLUSIVE");
  const inserted = store.insert(newRow("con"));
  // The event loop runs on while the store waits.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await store.get("con")).toBeUndefined();
  other.exec("COMMIT");
  other.close();
  expect(await inserted).toEqual({ inserted: true });
});
