import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { GrantkeeperError } from "@grantkeeper/core";
import type { GrantRow, Store } from "@grantkeeper/core/store";
import type { Pool, PoolConfig } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { postgresStore } from "./index.ts";
import type { PostgresPool } from "./pool.ts";
import { conditionOf, leaseOf, newPayload, newRow, random } from "./test/rows.ts";
import { createPool, dropSchema, missingServer, newSchemaName } from "./test/server.ts";

const missing = await missingServer();

function openPool(config: PoolConfig = {}): Pool {
  const pool = createPool(config);
  onTestFinished(() => pool.end());
  return pool;
}

interface Place {
  readonly schema: string;
  readonly pool: Pool;
  readonly store: Store;
}

/** A schema of its own for one test, gone afterwards. */
async function createPlace(config: PoolConfig = {}): Promise<Place> {
  const pool = openPool(config);
  const schema = newSchemaName();
  onTestFinished(() => dropSchema(pool, schema));
  const store = postgresStore({ pool, schema });
  await store.migrate();
  return { schema, pool, store };
}

async function insert(store: Store): Promise<GrantRow> {
  const row = newRow();
  expect(await store.insert(row)).toEqual({ inserted: true });
  return present(store, row.connectionId);
}

async function present(store: Store, connectionId: string): Promise<GrantRow> {
  const row = await store.get(connectionId);
  if (row === undefined) throw new Error("the row is gone");
  return row;
}

async function errorOf(work: Promise<unknown>): Promise<GrantkeeperError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GrantkeeperError) return error;
  throw new Error("it was expected to reject with a GrantkeeperError", { cause: error });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}

function everyOperation(store: Store): readonly Promise<unknown>[] {
  const row = newRow();
  const expected = { connectionId: row.connectionId, grantId: row.grantId, version: 1, fence: 0 };
  const lease = { connectionId: row.connectionId, holder: "holder", fence: 1 };
  return [
    store.migrate(),
    store.get(row.connectionId),
    store.insert(row),
    store.lease(leaseOf(expected)),
    store.release({ lease, clearIntents: [] }),
    store.commit({ expected, payload: newPayload(2), clearIntents: [] }),
    store.delete(expected),
    store.list({ limit: 10 }),
    store.flows.put("flow", Uint8Array.of(1), 1000),
    store.flows.take("flow"),
    store.settings.get("name"),
    store.settings.compareAndSet("name", undefined, Uint8Array.of(1)),
  ];
}

describe("without a server", () => {
  test("a schema's name that could be anything else is refused", () => {
    const pool = openPool();
    for (const schema of ["", "Upper", "1st", 'a"b', "a b", "a.b", "a;b", "x".repeat(64), "naïve", "pg_store", "a\n"]) {
      expect(() => postgresStore({ pool, schema })).toThrow(expect.objectContaining({ code: "invalid_config" }));
    }
  });

  test("a server that cannot be reached is unavailable, and never without rows", async () => {
    const pool = openPool({ connectionString: "postgres://nobody:hidden-password@127.0.0.1:1/none" });
    for (const error of await Promise.all(everyOperation(postgresStore({ pool })).map(errorOf))) {
      expect(error).toMatchObject({ code: "store_unavailable", remedy: "retry", retryAt: expect.any(Date) });
      expect(error.cause).toMatchObject({ message: "Error ECONNREFUSED" });
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

describe.skipIf(missing)(missing ?? "with a server", () => {
  test("rows are there for another store on another pool", async () => {
    const { store, schema } = await createPlace();
    const row = await insert(store);
    await store.settings.compareAndSet("name", undefined, Uint8Array.of(7));
    const other = postgresStore({ pool: openPool(), schema });
    await other.migrate();
    expect(await present(other, row.connectionId)).toEqual({ ...row, readAt: expect.any(Number) });
    expect(await other.settings.get("name")).toEqual(Buffer.of(7));
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
    const worker = fileURLToPath(new URL("./test/lease-worker.ts", import.meta.url));
    const outputs = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", worker, schema, connectionId]);
        const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
        expect(errors).toBe("");
        return JSON.parse(output) as readonly number[];
      }),
    );
    const fences = outputs.flat().sort((a, b) => a - b);
    expect(fences.length).toBeGreaterThan(0);
    expect(fences).toEqual(fences.map((_, index) => index + 1));
    expect((await present(store, connectionId)).fence).toBe(fences.length);
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
    await store.release({ lease: paused.lease, clearIntents: [] });
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

  test("eight connections migrate at once", async () => {
    const pool = openPool();
    const schema = newSchemaName();
    onTestFinished(() => dropSchema(pool, schema));
    const stores = Array.from({ length: 8 }, () => postgresStore({ pool: openPool({ max: 1 }), schema }));
    await Promise.all(stores.map((store) => store.migrate()));
    const { rows } = await pool.query(`SELECT version FROM "${schema}".migrations`);
    expect(rows).toEqual([{ version: 1 }]);
    for (const store of stores) await insert(store);
  });

  test("a role that may not create anything migrates what is there already", async () => {
    const { pool, schema } = await createPlace();
    const role = newSchemaName();
    await pool.query(`CREATE ROLE "${role}"`);
    onTestFinished(async () => {
      await pool.query(`DROP OWNED BY "${role}"`);
      await pool.query(`DROP ROLE "${role}"`);
    });
    await pool.query(`GRANT USAGE ON SCHEMA "${schema}" TO "${role}"`);
    await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO "${role}"`);
    const store = postgresStore({ pool: openPool({ options: `-c role=${role}` }), schema });
    await store.migrate();
    await insert(store);
  });

  test("a newer version is refused", async () => {
    const { store, pool, schema } = await createPlace();
    await pool.query(`INSERT INTO "${schema}".migrations VALUES (1000, now())`);
    expect((await errorOf(store.migrate())).code).toBe("invalid_config");
  });

  test("without its tables it is unavailable, and says what to do", async () => {
    const store = postgresStore({ pool: openPool(), schema: newSchemaName() });
    expect(await errorOf(store.get("id"))).toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("migrate()"),
    });
  });

  test("a connection that ends in the middle is unavailable, and the next one works", async () => {
    const { pool, schema, store: holder } = await createPlace();
    const row = await insert(holder);
    const name = newSchemaName();
    const store = postgresStore({ pool: openPool({ application_name: name }), schema });
    const blocker = await pool.connect();
    try {
      await blocker.query("BEGIN");
      await blocker.query(`SELECT FROM "${schema}".grants WHERE connection_id = $1 FOR UPDATE`, [row.connectionId]);
      const interrupted = errorOf(store.lease(leaseOf(row)));
      const waiting = "FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";
      await until(async () => (await pool.query(`SELECT ${waiting}`, [name])).rowCount === 1);
      await pool.query(`SELECT pg_terminate_backend(pid) ${waiting}`, [name]);
      expect(await interrupted).toMatchObject({ code: "store_unavailable", cause: { message: "error 57P01" } });
    } finally {
      await blocker.query("ROLLBACK");
      blocker.release();
    }
    expect((await store.lease(leaseOf(row))).kind).toBe("leased");
  });

  test("a migration whose connection ends is unavailable, and leaves nothing half made", async () => {
    const pool = openPool();
    const schema = newSchemaName();
    onTestFinished(() => dropSchema(pool, schema));
    const name = newSchemaName();
    const store = postgresStore({ pool: openPool({ application_name: name }), schema });
    const blocker = await pool.connect();
    try {
      await blocker.query("BEGIN");
      await blocker.query(`CREATE SCHEMA "${schema}"`);
      const interrupted = errorOf(store.migrate());
      const waiting = "FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";
      await until(async () => (await pool.query(`SELECT ${waiting}`, [name])).rowCount === 1);
      await pool.query(`SELECT pg_terminate_backend(pid) ${waiting}`, [name]);
      expect((await interrupted).code).toBe("store_unavailable");
    } finally {
      await blocker.query("ROLLBACK");
      blocker.release();
    }
    await store.migrate();
    await insert(store);
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
    await store.release({ lease: outcome.lease, clearIntents: [] });
    const expected = conditionOf(outcome.row);
    const { grantId, identityHash } = row;
    const payload = newPayload(2, { grantId, identityHash });
    expect(await store.commit({ expected, payload, clearIntents: [] })).toBe("committed");
    expect(await store.delete({ ...expected, version: 2 })).toBe("deleted");
    await store.flows.put("flow", Uint8Array.of(1), 60_000);
    await store.flows.take("flow");
    await store.settings.compareAndSet("name", undefined, Uint8Array.of(1));
    await store.settings.compareAndSet("name", Uint8Array.of(1), Uint8Array.of(2));
    expect(levels).toEqual(Array.from({ length: 9 }, () => "on"));
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
    for (const request of [{ limit: 0 }, { limit: 1001 }, { limit: 1, after: "1; drop" }]) {
      expect((await errorOf(store.list(request))).code).toBe("invalid_request");
    }
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
