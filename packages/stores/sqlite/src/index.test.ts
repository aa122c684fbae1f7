import { rmSync } from "node:fs";
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
  storeContract(test, async () => {
    const folder = await mkdtemp(join(tmpdir(), "grantkeeper-sqlite-"));
    let time = Date.now();
    return {
      store: sqliteStore(join(folder, "grants.db"), { now: () => time }),
      advance: (ms) => {
        time += ms;
      },
      dispose: () => rm(folder, { recursive: true }),
    };
  });
});

const request = (change: Partial<LeaseRequest> = {}): LeaseRequest => ({
  ...{ connectionId: "con", grantId: "grant-con", version: 1, fence: 0, holder: "holder", durationMs: 60_000 },
  intent: undefined,
  ...change,
});

describe("rows", () => {
  test("I2 outlive the process: rows, leases, intents, flows and settings come back", async () => {
    const path = join(createFolder(), "grants.db");
    const before = sqliteStore(path);
    await before.insert(newRow("con", { tokenHashes: ["b", "a"] }));
    const intent = { attemptId: "attempt", tokenSet: "default", refreshTokenHash: "hash" };
    await before.lease(request({ intent }));
    await before.flows.put("flow", Uint8Array.of(1), 60_000);
    await before.settings.compareAndSet("setting", undefined, Uint8Array.of(2));
    await before.close();

    const after = openStore(path);
    const row = await after.get("con");
    expect(row).toMatchObject({ ...newRow("con", { tokenHashes: ["b", "a"] }), sealed: expect.anything(), fence: 1 });
    expect(row?.intents).toMatchObject([intent]);
    expect((await after.lease(request({ fence: 1 }))).kind).toBe("held");
    expect(await after.flows.take("flow")).toEqual(Uint8Array.of(1));
    expect(await after.settings.get("setting")).toEqual(Uint8Array.of(2));
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
    expect((await store.lease(request({ version: 7 }))).kind).toBe("held");
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
    await paused.release({ lease: old.lease, clearIntents: [] });
    expect(await paused.get("con")).toMatchObject({ version: 1, fence: 2, lease: { holder: "successor" } });
  });

  test("a list refuses limits and places that it never gave", async () => {
    const store = openStore(join(createFolder(), "grants.db"));
    for (const limit of [0, 1001, 1.5, Number.NaN]) expect(await codeOf(store.list({ limit }))).toBe("invalid_request");
    for (const after of ["", "x", "-1", "1 or 1"]) {
      expect(await codeOf(store.list({ limit: 1, after }))).toBe("invalid_request");
    }
  });

  test("a list never goes through all rows for an owner, an account or a token", async () => {
    const path = join(createFolder(), "grants.db");
    await openStore(path).migrate();
    const database = new DatabaseSync(path);
    const planOf = (where: string): string =>
      JSON.stringify(
        database
          .prepare(`EXPLAIN QUERY PLAN SELECT * FROM grants WHERE sequence > 1 AND ${where} ORDER BY sequence LIMIT 2`)
          .all(),
      );
    const plans = [
      planOf("owner_hash = 'x' AND +state = 'active'"),
      planOf("account_hash = 'x'"),
      planOf("state = 'active'"),
      planOf("sequence IN (SELECT sequence FROM grant_tokens WHERE token_hash = 'x')"),
    ];
    database.close();
    for (const plan of plans) expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
    expect(plans[0]).toContain("grants_by_owner");
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
    const more = [store.flows.take("x"), store.settings.get("x"), store.lease(request())];
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
