import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isGrantkeeperError } from "@grantkeeper/core";
import type { GrantCommit, GrantRow, Store } from "@grantkeeper/core/store";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { sqliteStore } from "./index.ts";
import { createDisk, missingDisk } from "./test/disk.ts";
import { createFolder, errorOf, openStore } from "./test/fixtures.ts";
import { newRow } from "./test/new-row.ts";

const noDisk = missingDisk();
const large = 256 * 1024;

/** A commit of more than what fits into the room that SQLite has in reserve. */
async function prepareCommit(store: Store): Promise<{ readonly leased: GrantRow; readonly commit: GrantCommit }> {
  await store.insert(newRow("con"));
  const outcome = await store.lease({
    ...{ connectionId: "con", grantId: "grant-con", version: 1, fence: 0, holder: "holder", durationMs: 60_000 },
    intent: { attemptId: "attempt", tokenSet: "default", refreshTokenHash: "hash" },
  });
  if (outcome.kind !== "leased") throw new Error(outcome.kind);
  const payload = newRow("con", { version: 2, sealed: new Uint8Array(large).fill(7), tokenHashes: ["new"] });
  const expected = { connectionId: "con", grantId: "grant-con", version: 1, fence: outcome.lease.fence };
  const leased = await store.get("con");
  if (leased === undefined) throw new Error("the row is gone");
  return { leased, commit: { expected, payload, clearIntents: ["default"] } };
}

async function expectFull(work: Promise<unknown>): Promise<void> {
  const error = await errorOf(work);
  if (!isGrantkeeperError(error)) throw error ?? new Error("it went through");
  expect(error).toMatchObject({ code: "store_unavailable", remedy: "retry", retryAt: expect.any(Date) });
  expect(error.message).toContain("make room");
}

async function expectNothingDone(store: Store, leased: GrantRow): Promise<void> {
  expect(await store.get("con")).toEqual({ ...leased, readAt: expect.any(Number) });
  expect((await store.list({ tokenHash: "new", limit: 1 })).rows).toEqual([]);
  expect((await store.list({ tokenHash: "token-con", limit: 1 })).rows).toHaveLength(1);
}

async function expectDone(store: Store, commit: GrantCommit): Promise<void> {
  expect(await store.commit(commit)).toBe("committed");
  expect(await store.get("con")).toMatchObject({ version: 2, lease: undefined, intents: [] });
  expect((await store.get("con"))?.sealed).toEqual(commit.payload.sealed);
  expect((await store.list({ tokenHash: "new", limit: 1 })).rows).toHaveLength(1);
}

test("F7 a commit that SQLite has no page for fails wholly, and holds once there is room", async () => {
  const opened = vi.spyOn(DatabaseSync.prototype, "exec");
  onTestFinished(() => opened.mockRestore());
  const store = openStore(join(createFolder(), "grants.db"));
  const { leased, commit } = await prepareCommit(store);
  // The store's own connection, since the limit is a connection's.
  const database = opened.mock.contexts.find((context) => context instanceof DatabaseSync);
  if (database === undefined) throw new Error("nothing was opened");
  const { page_count: pages } = database.prepare("PRAGMA page_count").get() ?? {};
  database.exec(`PRAGMA max_page_count = ${pages}`);
  await expectFull(store.commit(commit));
  await expectFull(store.commit(commit));
  await expectNothingDone(store, leased);
  database.exec("PRAGMA max_page_count = 1000000");
  await expectDone(store, commit);
});

describe.skipIf(noDisk)(noDisk ?? "a full disk", () => {
  test("F7 a commit on it fails wholly, and holds once there is room", async () => {
    const disk = createDisk();
    const store = sqliteStore(join(disk.folder, "grants.db"));
    const { leased, commit } = await prepareCommit(store);
    disk.fill();
    await expectFull(store.commit(commit));
    await expectFull(store.insert(newRow("other", { sealed: new Uint8Array(large) })));
    await expectNothingDone(store, leased);
    disk.makeRoom();
    await expectDone(store, commit);
    await store.close();
    // And for the next process.
    const after = sqliteStore(join(disk.folder, "grants.db"));
    expect(await after.get("con")).toMatchObject({ version: 2 });
    expect(await after.get("other")).toBeUndefined();
    await after.close();
  });

  test("F7 a lease that cannot be written is not given, and what it would have sent is not on record", async () => {
    const disk = createDisk();
    const store = sqliteStore(join(disk.folder, "grants.db"));
    await store.insert(newRow("con"));
    const before = await store.get("con");
    disk.fill();
    const request = {
      ...{ connectionId: "con", grantId: "grant-con", version: 1, fence: 0, holder: "holder", durationMs: 60_000 },
      intent: { attemptId: "attempt", tokenSet: "default", refreshTokenHash: "x".repeat(large) },
    };
    await expectFull(store.lease(request));
    expect(await store.get("con")).toEqual({ ...before, readAt: expect.any(Number) });
    disk.makeRoom();
    expect((await store.lease(request)).kind).toBe("leased");
    await store.close();
  });

  test("F7 a file that cannot be set up on it is set up once there is room", async () => {
    const disk = createDisk();
    disk.fill();
    const store = sqliteStore(join(disk.folder, "grants.db"));
    await expectFull(store.migrate());
    await expectFull(store.get("con"));
    disk.makeRoom();
    expect(await store.insert(newRow("con"))).toEqual({ inserted: true });
    await store.close();
  });
});
