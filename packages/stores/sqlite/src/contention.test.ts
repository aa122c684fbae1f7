import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isGrantkeeperError } from "@grantkeeper/core";
import { expect, onTestFinished, test } from "vitest";
import { codeOf, createFolder, errorOf, openStore, runProcesses } from "./test/fixtures.ts";
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

test("F2 D2 eight processes that claim what is due share it among them, each row to one", async () => {
  const path = join(createFolder(), "grants.db");
  const store = openStore(path);
  const ids = Array.from({ length: 400 }, (_, index) => `con-${index}`);
  for (const [index, id] of ids.entries()) await store.insert(newRow(id, { dueAt: index % 7 }));
  const claims = (await runProcesses("claim.ts", 8, path, "5")) as readonly (readonly string[])[];
  expect(claims.flat().sort()).toEqual([...ids].sort());
  const { rows } = await store.list({ limit: 1000 });
  expect(new Set(rows.map(({ fence }) => fence))).toEqual(new Set([1]));
}, 60_000);

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
      stores.map((store) =>
        store.lease({
          ...{ connectionId: "con", grantId: "grant-con", version: 1, fence: 0 },
          ...{ holder: randomUUID(), durationMs: 60_000, intent: undefined },
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

test("F7 a lock taken in the middle of fifty commits fails each wholly or not at all, and each may be made again", async () => {
  const path = join(createFolder(), "grants.db");
  const store = openStore(path, { busyTimeoutMs: 1 });
  const ids = Array.from({ length: 50 }, (_, index) => `con-${index}`);
  for (const id of ids) await store.insert(newRow(id));
  const commits = ids.map((id) => ({
    expected: { connectionId: id, grantId: `grant-${id}`, version: 1, fence: 0 },
    payload: newRow(id, { version: 2, sealed: Buffer.from("new"), tokenHashes: [`new-${id}`] }),
    clearIntents: [],
  }));
  const other = new DatabaseSync(path);
  onTestFinished(() => other.close());
  const running = commits.map((commit) =>
    store.commit(commit).catch((error: unknown) => codeOf(Promise.reject(error))),
  );
  await Promise.race(running);
  other.exec("BEGIN IMMEDIATE");
  const outcomes = await Promise.all(running);
  other.exec("ROLLBACK");
  expect(new Set(outcomes)).toEqual(new Set(["committed", "store_unavailable"]));
  for (const [index, commit] of commits.entries()) {
    const isThere = outcomes[index] === "committed";
    const { connectionId } = commit.expected;
    expect(await store.get(connectionId)).toMatchObject({ version: isThere ? 2 : 1 });
    expect((await store.list({ tokenHash: `new-${connectionId}`, limit: 1 })).rows).toHaveLength(isThere ? 1 : 0);
    expect(await store.commit(commit)).toBe(isThere ? "superseded" : "committed");
    expect(await store.get(connectionId)).toMatchObject({ version: 2, tokenHashes: [`new-${connectionId}`] });
  }
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

test("a store that is closed while it waits for a lock closes once its writes are done, and takes no more", async () => {
  const path = join(createFolder(), "grants.db");
  const store = openStore(path, { busyTimeoutMs: 1 });
  await store.insert(newRow("con"));
  const other = new DatabaseSync(path);
  onTestFinished(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  const writes = ["one", "two"].map((id) => store.insert(newRow(id)));
  const closed = store.close();
  expect(await codeOf(store.get("con"))).toBe("closed");
  // Time enough to be closed, for a store that does not wait.
  await new Promise((resolve) => setTimeout(resolve, 50));
  other.exec("ROLLBACK");
  expect(await Promise.all(writes)).toEqual([{ inserted: true }, { inserted: true }]);
  await closed;
  expect((await openStore(path).list({ limit: 10 })).rows).toHaveLength(3);
});
