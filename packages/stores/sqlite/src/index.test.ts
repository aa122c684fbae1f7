import { renameSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { LeaseRequest } from "@grantkeeper/core/store";
import { storeContract } from "@grantkeeper/testing";
import { describe, expect, test } from "vitest";
import { sqliteStore } from "./index.ts";
import { codeOf, createFolder, openStore } from "./test/fixtures.ts";
import { newRow } from "./test/new-row.ts";

describe("the contract", () => {
  const makeStore = async () => {
    const folder = await mkdtemp(join(tmpdir(), "grantkeeper-sqlite-"));
    const path = join(folder, "grants.db");
    let time = Date.now();
    const advance = (ms: number) => {
      time += ms;
    };
    // As when the disk that holds it is gone, until it is mounted again.
    const interrupt = async () => {
      renameSync(path, `${path}-away`);
      return async () => renameSync(`${path}-away`, path);
    };
    const dispose = () => rm(folder, { recursive: true });
    return { store: sqliteStore(path, { now: () => time }), advance, interrupt, dispose };
  };
  storeContract(test, makeStore, { interrupts: true });
});

const request = (change: Partial<LeaseRequest> = {}): LeaseRequest => ({
  ...{ connectionId: "con", grantId: "grant-con", version: 1, fence: 0, holder: "holder", durationMs: 60_000 },
  intent: undefined,
  ...change,
});

describe("rows", () => {
  test("I2 outlive the process: rows, leases, intents, flows and records come back", async () => {
    const path = join(createFolder(), "grants.db");
    const before = sqliteStore(path);
    await before.insert(newRow("con", { tokenHashes: ["b", "a"] }));
    const intent = { attemptId: "attempt", tokenSet: "default", refreshTokenHash: "hash" };
    await before.lease(request({ intent }));
    await before.flows.put("flow", Uint8Array.of(1), 60_000);
    await before.records.compareAndSet("record", undefined, Uint8Array.of(2));
    await before.close();

    const after = openStore(path);
    const row = await after.get("con");
    expect(row).toMatchObject({ ...newRow("con", { tokenHashes: ["b", "a"] }), sealed: expect.anything(), fence: 1 });
    expect(row?.intents).toMatchObject([intent]);
    expect((await after.lease(request({ fence: 1, holder: "other" }))).kind).toBe("held");
    expect(await after.flows.take("flow")).toEqual(Uint8Array.of(1));
    expect(await after.records.get("record")).toEqual(Uint8Array.of(2));
    expect((await after.list({ tokenHash: "a", limit: 1 })).rows).toHaveLength(1);
  });

  test("I2 of a process that did not close its store come back", async () => {
    const path = join(createFolder(), "grants.db");
    await openStore(path).insert(newRow("con"));
    expect(await openStore(path).get("con")).toMatchObject({ connectionId: "con" });
  });

  test("keep ids that are empty or hold a NUL, and tell them apart", async () => {
    const store = openStore(join(createFolder(), "grants.db"));
    for (const id of ["", "\0", "a", "a\0", "a\0b"]) {
      const row = newRow(id, { connector: id, ownerHash: id, identityHash: id, tokenHashes: [id] });
      expect(await store.insert(row)).toEqual({ inserted: true });
      expect(await store.get(id)).toMatchObject({ connectionId: id, connector: id, ownerHash: id, tokenHashes: [id] });
      expect(await store.insert({ ...row, connectionId: "other" })).toEqual({ inserted: false, connectionId: id });
      expect((await store.list({ tokenHash: id, limit: 10 })).rows).toMatchObject([{ connectionId: id }]);
      await store.flows.put(id, Buffer.from(id), 1_000);
    }
    expect(await store.flows.take("a")).toEqual(new Uint8Array(Buffer.from("a")));
  });

  test("D2 a held lease says so before it says that the row has moved", async () => {
    const store = openStore(join(createFolder(), "grants.db"));
    await store.insert(newRow("con"));
    await store.lease(request());
    expect((await store.lease(request({ holder: "other", version: 7 }))).kind).toBe("held");
  });

  test("F3 a holder that was overtaken neither commits, deletes nor releases", async () => {
    let time = Date.now();
    const path = join(createFolder(), "grants.db");
    const [paused, successor] = [openStore(path, { now: () => time }), openStore(path, { now: () => time })];
    await paused.insert(newRow("con"));
    const old = await paused.lease(request({ durationMs: 1_000 }));
    time += 1_000;
    expect((await successor.lease(request({ fence: 1, holder: "successor" }))).kind).toBe("leased");
    if (old.kind !== "leased") throw new Error(old.kind);
    const expected = { connectionId: "con", grantId: "grant-con", version: 1, fence: 1 };
    const payload = newRow("con", { version: 2 });
    expect(await paused.commit({ expected, payload, clearIntents: [] })).toBe("superseded");
    expect(await paused.delete(expected)).toBe("superseded");
    await paused.release({ lease: old.lease });
    expect(await paused.get("con")).toMatchObject({ version: 1, fence: 2, lease: { holder: "successor" } });
  });

  test("a list and a claim refuse limits and places that they never gave", async () => {
    const store = openStore(join(createFolder(), "grants.db"));
    const claim = { dueUntil: 1, holder: "holder", durationMs: 1_000 };
    for (const limit of [0, 1001, 1.5, Number.NaN]) {
      expect(await codeOf(store.list({ limit }))).toBe("invalid_request");
      expect(await codeOf(store.claimDue({ ...claim, limit }))).toBe("invalid_request");
    }
    for (const after of ["", "x", "-1", "1 or 1", "1:", "1:-1", "1.5:1"]) {
      expect(await codeOf(store.list({ limit: 1, after }))).toBe("invalid_request");
      expect(await codeOf(store.claimDue({ ...claim, limit: 1, after }))).toBe("invalid_request");
    }
  });

  test("a time that is no whole number, or beyond all others, keeps no commit from being saved", async () => {
    const store = openStore(join(createFolder(), "grants.db"));
    const dueAts = [1.5, 1e300, Number.POSITIVE_INFINITY, -1e300];
    for (const [index, dueAt] of dueAts.entries()) await store.insert(newRow(`con-${index}`, { dueAt }));
    const kept = await Promise.all(dueAts.map(async (_, index) => (await store.get(`con-${index}`))?.dueAt));
    expect(kept).toEqual([1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
    const claim = { dueUntil: Number.POSITIVE_INFINITY, holder: "holder", durationMs: 1_000, limit: 1000 };
    expect((await store.claimDue(claim)).claimed).toHaveLength(dueAts.length);
  });
});

describe("flows", () => {
  test("R5 that have ended are deleted, a few at a time, as others are put", async () => {
    let time = Date.now();
    const path = join(createFolder(), "grants.db");
    const store = openStore(path, { now: () => time });
    for (let flow = 0; flow < 25; flow++) await store.flows.put(`old-${flow}`, Uint8Array.of(1), 1_000);
    await store.flows.put("long", Uint8Array.of(1), 60_000);
    time += 1_000;
    const database = new DatabaseSync(path);
    const count = (): unknown => database.prepare("SELECT count(*) AS count FROM flows").get()?.["count"];
    await store.flows.put("new-1", Uint8Array.of(1), 60_000);
    expect(count()).toBe(5 + 2);
    await store.flows.put("new-2", Uint8Array.of(1), 60_000);
    expect(count()).toBe(3);
    database.close();
    expect(await store.flows.take("long")).toEqual(Uint8Array.of(1));
  });
});

describe("closing", () => {
  test("waits for what runs, and refuses what comes later", async () => {
    const path = join(createFolder(), "grants.db");
    const store = sqliteStore(path);
    const running = store.insert(newRow("con"));
    const closed = store.close();
    expect(await running).toEqual({ inserted: true });
    await closed;
    await store.close();
    const calls = [store.migrate(), store.get("con"), store.insert(newRow("x")), store.list({ limit: 1 })];
    const more = [store.flows.take("x"), store.records.get("x"), store.lease(request())];
    for (const call of [...calls, ...more]) expect(await codeOf(call)).toBe("closed");
  });

  test("leaves one file with everything in it", async () => {
    const path = join(createFolder(), "grants.db");
    const store = sqliteStore(path);
    await store.insert(newRow("con"));
    await store.close();
    rmSync(`${path}-wal`, { force: true });
    expect(await openStore(path).get("con")).toBeDefined();
  });

  test("a store that was never used closes", async () => {
    await sqliteStore(join(createFolder(), "grants.db")).close();
  });
});
