import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { GrantkeeperError } from "@grantkeeper/core";
import { describe, expect, test } from "vitest";
import { postgresStore } from "./index.ts";
import type { PostgresPool } from "./pool.ts";
import { everyOperation } from "./test/every-operation.ts";
import { createPlace, errorOf, insert, openPool, present } from "./test/place.ts";
import { conditionOf, leaseOf, newPayload, newRow, random } from "./test/rows.ts";
import { missingServer } from "./test/server.ts";

const missing = await missingServer();

/** Runs a script of the test folder in as many processes, and returns what each of them prints. */
function runWorkers(script: string, count: number, ...given: readonly string[]): Promise<readonly unknown[]> {
  const worker = fileURLToPath(new URL(`./test/${script}`, import.meta.url));
  return Promise.all(
    Array.from({ length: count }, async () => {
      const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", worker, ...given]);
      const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
      expect(errors).toBe("");
      return JSON.parse(output) as unknown;
    }),
  );
}

describe("without a server", () => {
  test("a schema's name that could be anything else is refused", () => {
    const pool = openPool();
    for (const schema of ["", "Upper", "1st", 'a"b', "a b", "a.b", "a;b", "x".repeat(64), "naïve", "pg_store", "a\n"]) {
      expect(() => postgresStore({ pool, schema })).toThrow(expect.objectContaining({ code: "invalid_config" }));
    }
  });

  test("what PostgreSQL rolled back is tried again a few times, and nothing else is", async () => {
    let calls = 0;
    const failing = (code: string, times: number): PostgresPool => ({
      async query() {
        if (++calls <= times) throw Object.assign(new Error("secret"), { code });
        return { rows: [], rowCount: 0 };
      },
      connect: () => Promise.reject(new Error("not asked for")),
    });
    for (const code of ["40001", "40P01"]) {
      calls = 0;
      expect(await postgresStore({ pool: failing(code, 2) }).get("id")).toBeUndefined();
      expect(calls).toBe(3);
    }
    calls = 0;
    const endless = await errorOf(postgresStore({ pool: failing("40001", Number.POSITIVE_INFINITY) }).get("id"));
    expect(endless.code).toBe("store_unavailable");
    expect(calls).toBeLessThan(10);
    calls = 0;
    const other = await errorOf(postgresStore({ pool: failing("57014", 1) }).get("id"));
    expect(other.cause).toMatchObject({ message: "Error 57014" });
    expect(calls).toBe(1);
  });
});

test("where a pooler keeps no prepared statements, each statement goes by itself from then on", async () => {
  for (const code of ["26000", "42P05", "0A000"]) {
    const asked: ("prepared" | "plain")[] = [];
    const pool: PostgresPool = {
      async query(statement) {
        asked.push(typeof statement === "string" ? "plain" : "prepared");
        if (typeof statement !== "string") throw Object.assign(new Error("secret"), { code });
        return { rows: [], rowCount: 0 };
      },
      connect: () => Promise.reject(new Error("not asked for")),
    };
    const store = postgresStore({ pool });
    expect(await store.get("id")).toBeUndefined();
    expect(await store.get("id")).toBeUndefined();
    expect(asked).toEqual(["prepared", "plain", "plain"]);
  }
});

describe.skipIf(missing)(missing ?? "with a server", () => {
  test("a session that has lost its prepared statements is no failure", async () => {
    const { store, pool } = await createPlace({ max: 1 });
    const row = await insert(store);
    await present(store, row.connectionId);
    await pool.query("DEALLOCATE ALL");
    expect(await present(store, row.connectionId)).toMatchObject({ connectionId: row.connectionId });
  });

  test("rows are there for another store on another pool", async () => {
    const { store, schema } = await createPlace();
    const row = await insert(store);
    await store.records.compareAndSet("name", undefined, Uint8Array.of(7));
    const other = postgresStore({ pool: openPool(), schema });
    await other.migrate();
    expect(await present(other, row.connectionId)).toEqual({ ...row, readAt: expect.any(Number) });
    expect(await other.records.get("name")).toEqual(Buffer.of(7));
    expect(other).toMatchObject({ scope: "shared", kind: "postgres" });
  });

  test("a closed store takes nothing more, and leaves the pool open", async () => {
    const { store, pool } = await createPlace();
    await store.close();
    await store.close();
    const errors = await Promise.all(everyOperation(store).map(errorOf));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["closed"]));
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
  });

  test("F2 four processes take each fence of a row once", async () => {
    const { store, schema } = await createPlace();
    const { connectionId } = await insert(store);
    const outputs = (await runWorkers("lease-worker.ts", 4, schema, connectionId)) as readonly (readonly number[])[];
    const fences = outputs.flat().sort((a, b) => a - b);
    expect(fences.length).toBeGreaterThan(0);
    expect(fences).toEqual(fences.map((_, index) => index + 1));
    expect((await present(store, connectionId)).fence).toBe(fences.length);
  });

  test("F2 D2 four processes that claim what is due, and move it, take each fence of a row once", async () => {
    const { store, schema } = await createPlace();
    const rows = Array.from({ length: 60 }, (_, index) => newRow({ dueAt: index }));
    for (const row of rows) await store.insert(row);
    const outputs = await runWorkers("claim-worker.ts", 4, schema, "20");
    const claims = (outputs as readonly (readonly string[])[]).flat();
    expect(new Set(claims).size).toBe(claims.length);
    const fences = await Promise.all(rows.map(async (row) => (await present(store, row.connectionId)).fence));
    // Only these claims have moved the fences, so each number was somebody's.
    expect(fences.reduce((sum, fence) => sum + fence, 0)).toBe(claims.length);
    // Four who go through all of them twenty times have met each row many a time.
    expect(Math.min(...fences)).toBeGreaterThan(5);
  });

  test("D2 a claim waits for nobody: a row that another transaction has locked is passed over", async () => {
    const { store, pool, schema } = await createPlace();
    const [locked, free] = [newRow({ dueAt: 1 }), newRow({ dueAt: 2 })];
    for (const row of [locked, free]) await store.insert(row);
    // A wait for the lock would end as an error.
    const other = postgresStore({ pool: openPool({ options: "-c lock_timeout=100" }), schema });
    const claim = { dueUntil: 2, holder: "holder", durationMs: 60_000, limit: 10 };
    const blocker = await pool.connect();
    try {
      await blocker.query("BEGIN");
      await blocker.query(`SELECT FROM "${schema}".grants WHERE connection_id = $1 FOR UPDATE`, [locked.connectionId]);
      const { claimed, next } = await other.claimDue(claim);
      expect(claimed.map(({ lease }) => lease.connectionId)).toEqual([free.connectionId]);
      expect(next).toBeUndefined();
    } finally {
      await blocker.query("ROLLBACK");
      blocker.release();
    }
    const { claimed } = await other.claimDue(claim);
    expect(claimed.map(({ lease }) => lease.connectionId)).toEqual([locked.connectionId]);
  });

  test("F3 who was paused beyond its lease commits nothing after a takeover on another pool", async () => {
    const { store, schema } = await createPlace();
    const other = postgresStore({ pool: openPool(), schema });
    const row = await insert(store);
    const paused = await store.lease(leaseOf(row, { durationMs: 0 }));
    const taken = await other.lease(leaseOf(await present(other, row.connectionId)));
    if (paused.kind !== "leased" || taken.kind !== "leased") throw new Error("no lease");
    const late = { expected: conditionOf(paused.row), payload: newPayload(2), clearIntents: [] };
    expect(await store.commit(late)).toBe("superseded");
    await store.release({ lease: paused.lease });
    expect((await present(store, row.connectionId)).lease?.holder).toBe(taken.lease.holder);
    expect(await other.commit({ ...late, expected: conditionOf(taken.row) })).toBe("committed");
  });

  test("F9 who read a row before a commit on another pool gets the row as it is now, and no lease", async () => {
    const { store, schema } = await createPlace();
    const other = postgresStore({ pool: openPool(), schema });
    const old = await insert(store);
    const taken = await other.lease(leaseOf(old));
    if (taken.kind !== "leased") throw new Error("no lease");
    const payload = newPayload(2, { grantId: old.grantId, identityHash: old.identityHash });
    const commit = { expected: conditionOf(taken.row), payload, clearIntents: [] };
    expect(await other.commit(commit)).toBe("committed");
    const outcome = await store.lease(leaseOf(old));
    expect(outcome).toMatchObject({ kind: "moved", row: { version: 2, fence: 1, grantId: old.grantId } });
    expect(await store.commit({ ...commit, expected: conditionOf(old) })).toBe("superseded");
  });

  test("D2 a session whose transactions are serializable decides the same", async () => {
    const { store } = await createPlace({ options: "-c default_transaction_isolation=serializable" });
    const row = await insert(store);
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => store.lease(leaseOf(row))));
    const kinds = outcomes.map((outcome) =>
      outcome.status === "fulfilled" ? outcome.value.kind : (outcome.reason as GrantkeeperError).code,
    );
    expect(kinds.filter((kind) => kind === "leased")).toHaveLength(1);
    expect(kinds.filter((kind) => !["leased", "held", "store_unavailable"].includes(kind))).toEqual([]);
  });

  test("every write waits for the disk, even where the pool's sessions do not", async () => {
    const { pool, schema } = await createPlace({ max: 1, options: "-c synchronous_commit=off" });
    const levels: string[] = [];
    // In one transaction with what was asked, so that the setting can still be seen.
    const watching: PostgresPool = {
      connect: () => pool.connect(),
      async query(statement, values) {
        const client = await pool.connect();
        try {
          await client.query("BEGIN");
          const result = await client.query(statement, values);
          const { rows } = await client.query("SHOW synchronous_commit");
          levels.push(rows[0]?.synchronous_commit);
          await client.query("COMMIT");
          return result;
        } finally {
          client.release();
        }
      },
    };
    const store = postgresStore({ pool: watching, schema });
    const row = newRow();
    await store.insert(row);
    const outcome = await store.lease(leaseOf({ ...row, fence: 0 }));
    if (outcome.kind !== "leased") throw new Error("no lease");
    await store.release({ lease: outcome.lease });
    const expected = conditionOf(outcome.row);
    const { grantId, identityHash } = row;
    const payload = newPayload(2, { grantId, identityHash });
    expect(await store.commit({ expected, payload, clearIntents: [] })).toBe("committed");
    const { wrappedKey } = row;
    expect(await store.rewrap({ ...expected, expected: wrappedKey, wrappedKey: Uint8Array.of(1) })).toBe("rewrapped");
    await store.claimDue({ dueUntil: 1, holder: "holder", durationMs: 1_000, limit: 1 });
    expect(await store.delete({ ...expected, version: 2 })).toBe("deleted");
    await store.flows.put("flow", Uint8Array.of(1), 60_000);
    await store.flows.take("flow");
    await store.records.compareAndSet("name", undefined, Uint8Array.of(1));
    await store.records.compareAndSet("name", Uint8Array.of(1), Uint8Array.of(2));
    expect(levels).toEqual(Array.from({ length: 11 }, () => "on"));
    expect((await pool.query("SHOW synchronous_commit")).rows).toEqual([{ synchronous_commit: "off" }]);
  });

  test("flows that have ended are removed a few at a time, and no other", async () => {
    const { store, pool, schema } = await createPlace();
    await pool.query(
      `INSERT INTO "${schema}".flows SELECT 'old-' || n, '\\x00', now() - interval '1 minute' FROM generate_series(1, 30) n`,
    );
    const count = async () => (await pool.query(`SELECT key FROM "${schema}".flows`)).rowCount;
    await store.flows.put("first", Uint8Array.of(1), 60_000);
    expect(await count()).toBe(11);
    await Promise.all(["second", "third"].map((key) => store.flows.put(key, Uint8Array.of(2), 60_000)));
    expect(await count()).toBe(3);
    expect(await store.flows.take("first")).toEqual(Buffer.of(1));
  });

  test("ids that PostgreSQL would refuse or change are refused first", async () => {
    const { store } = await createPlace();
    for (const id of ["a\0b", "\ud800"]) {
      expect((await errorOf(store.get(id))).code).toBe("invalid_request");
      expect((await errorOf(store.insert(newRow({ tokenHashes: [id] })))).code).toBe("invalid_request");
    }
    const claim = { dueUntil: 1, holder: "holder", durationMs: 1_000 };
    for (const page of [
      { limit: 0 },
      { limit: 1001 },
      { limit: 1.5 },
      { limit: 1, after: "1; drop" },
      { limit: 1, after: "" },
    ]) {
      expect((await errorOf(store.list(page))).code).toBe("invalid_request");
      expect((await errorOf(store.claimDue({ ...claim, ...page }))).code).toBe("invalid_request");
    }
  });

  test("a time that is no whole number, or beyond all others, keeps no commit from being saved", async () => {
    const { store } = await createPlace();
    const kept: unknown[] = [];
    for (const dueAt of [1.5, 1e300, Number.POSITIVE_INFINITY, -1e300]) {
      const row = newRow({ dueAt });
      await store.insert(row);
      kept.push((await present(store, row.connectionId)).dueAt);
    }
    expect(kept).toEqual([1, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
    const claim = { dueUntil: Number.POSITIVE_INFINITY, holder: "holder", durationMs: 1_000, limit: 1000 };
    expect((await store.claimDue(claim)).claimed).toHaveLength(kept.length);
  });

  test("a pool's own type parsers change nothing", async () => {
    const { schema, store } = await createPlace();
    const row = await insert(store);
    // Texts and bytes are as ever; whatever else comes is something strange.
    const parsers = new Map<number, (value: string) => unknown>([
      [25, (value) => value],
      [17, (value) => Buffer.from(value.slice(2), "hex")],
    ]);
    const getTypeParser = (type: number) => parsers.get(type) ?? ((value: string) => ({ strange: value }));
    const other = postgresStore({ pool: openPool({ types: { getTypeParser } }), schema });
    expect(await present(other, row.connectionId)).toEqual({ ...row, readAt: expect.any(Number) });
    expect((await other.lease(leaseOf(row))).kind).toBe("leased");
    expect((await other.lease(leaseOf(row))).kind).toBe("held");
  });

  test("an insert beside others that come and go names one that was there", async () => {
    const { store } = await createPlace();
    const identityHash = random();
    async function comeAndGo(): Promise<void> {
      for (let round = 0; round < 20; round++) {
        const row = newRow({ identityHash });
        const outcome = await store.insert(row);
        if (!outcome.inserted) expect(outcome.connectionId).not.toBe(row.connectionId);
        else expect(await store.delete(conditionOf(await present(store, row.connectionId)))).toBe("deleted");
      }
    }
    await Promise.all(Array.from({ length: 8 }, comeAndGo));
    expect((await store.list({ limit: 10 })).rows).toEqual([]);
  });
});
