import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Pool } from "pg";
import { describe, expect, test } from "vitest";
import { postgresStore } from "./index.ts";
import {
  createEmptyPlace,
  createPlace,
  createRole,
  errorOf,
  insert,
  openPool,
  type Place,
  until,
} from "./test/place.ts";
import { missingServer, newSchemaName } from "./test/server.ts";

const missing = await missingServer();

async function expectRefused(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await errorOf(work);
  expect(error).toMatchObject({ code: "invalid_config", remedy: "fix_config" });
  expect(error.message).toMatch(message);
}

/** Everything in a schema, and all that its tables hold. */
async function contentOf({ pool, schema }: Pick<Place, "pool" | "schema">): Promise<unknown> {
  const { rows } = await pool.query(
    `SELECT c.relname, c.relkind, CASE WHEN c.relkind = 'r' THEN
      query_to_xml(format('SELECT * FROM %I.%I', n.nspname, c.relname), true, false, '')::text END AS content
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 ORDER BY c.relname`,
    [schema],
  );
  return rows;
}

/** Statements on the schema, which stands for the word `here`. */
async function change({ pool, schema }: { readonly pool: Pool; readonly schema: string }, sql: string): Promise<void> {
  await pool.query(sql.replaceAll("here", `"${schema}"`));
}

describe.skipIf(missing)(missing ?? "a schema", () => {
  test("F2 eight connections migrate at once", async () => {
    const { pool, schema } = createEmptyPlace();
    const stores = Array.from({ length: 8 }, () => postgresStore({ pool: openPool({ max: 1 }), schema }));
    await Promise.all(stores.map((store) => store.migrate()));
    const { rows } = await pool.query(`SELECT version FROM "${schema}".migrations`);
    expect(rows).toEqual([{ version: 1 }, { version: 2 }]);
    for (const store of stores) await insert(store);
  });

  test("a role that may not create anything migrates what is there already", async () => {
    const { pool, schema } = await createPlace();
    const role = await createRole(pool);
    await pool.query(`GRANT USAGE ON SCHEMA "${schema}" TO "${role}"`);
    await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO "${role}"`);
    const store = postgresStore({ pool: openPool({ options: `-c role=${role}` }), schema });
    await store.migrate();
    await insert(store);
  });

  test("F7 without its tables it is unavailable, and says what to do", async () => {
    const store = postgresStore({ pool: openPool(), schema: newSchemaName() });
    expect(await errorOf(store.get("id"))).toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("migrate()"),
    });
  });

  test("F7 a migration whose connection ends is unavailable, and leaves nothing half made", async () => {
    const { pool, schema } = createEmptyPlace();
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

  test("F7 a migration that is killed before any of its statements is made by the next", async () => {
    const script = fileURLToPath(new URL("./test/migrate-until.ts", import.meta.url));
    let killed = 0;
    for (let count = 0; ; count++) {
      const { store, schema } = createEmptyPlace();
      const child = spawn(process.execPath, [script, schema, String(count)], {
        stdio: ["ignore", "ignore", "inherit"],
      });
      const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
      await store.migrate();
      const row = await insert(store);
      expect((await store.list({ ownerHash: row.ownerHash, limit: 1 })).rows).toHaveLength(1);
      if (code === 0) break;
      expect(signal).toBe("SIGKILL");
      killed++;
    }
    // One for each table and index at least.
    expect(killed).toBeGreaterThan(12);
  });

  test("F7 of a newer version is refused, and stays as it is", async () => {
    const place = await createPlace();
    const row = await insert(place.store);
    await change(place, "INSERT INTO here.migrations VALUES (1000, now())");
    const before = await contentOf(place);
    await expectRefused(place.store.migrate(), /version 1000.*update the package/);
    expect(await contentOf(place)).toEqual(before);
    await change(place, "DELETE FROM here.migrations WHERE version = 1000");
    await place.store.migrate();
    expect(await place.store.get(row.connectionId)).toEqual({ ...row, readAt: expect.any(Number) });
  });

  test.each([
    ["has lost the table of versions", "DROP TABLE here.migrations", /no version: restore/],
    ["has lost its version", "DELETE FROM here.migrations", /no version: restore/],
    ["has lost a table", "DROP TABLE here.flows", /no table flows: restore/],
    ["has lost a column", "ALTER TABLE here.grants RENAME wrapped_key TO other", /something else.*restore/],
  ])("F7 that %s is refused, and keeps its rows", async (_, sql, message) => {
    const place = await createPlace();
    await insert(place.store);
    await change(place, sql);
    const before = await contentOf(place);
    await expectRefused(place.store.migrate(), message);
    expect(await contentOf(place)).toEqual(before);
  });

  test.each([
    ["without versions", "(id int, name text)", "(1, 'first')", /holds something else/],
    ["with versions that are texts", "(version text, at timestamptz)", "('first', now())", /holds something else/],
    ["with versions that are fractions", "(version float8, at timestamptz)", "(0.5, now())", /another application's/],
    ["with versions that are dates", "(version bigint, at timestamptz)", "(20260101, now())", /update the package/],
  ])("F7 of another application, %s, is refused, and nothing is added to it", async (_, columns, values, message) => {
    const place = createEmptyPlace();
    const table = `CREATE TABLE here.migrations ${columns}; INSERT INTO here.migrations VALUES ${values}`;
    await change(place, `CREATE SCHEMA here; ${table}`);
    const before = await contentOf(place);
    await expectRefused(place.store.migrate(), message);
    expect(await contentOf(place)).toEqual(before);
  });
});

describe.skipIf(missing)(missing ?? "a role", () => {
  test("F7 that may create nothing is told who may", async () => {
    const { pool, schema } = createEmptyPlace();
    const role = await createRole(pool);
    const store = postgresStore({ pool: openPool({ options: `-c role=${role}` }), schema });
    await expectRefused(store.migrate(), /run migrate\(\) once with a role that may create/);
    expect((await pool.query("SELECT FROM pg_namespace WHERE nspname = $1", [schema])).rowCount).toBe(0);
  });

  test.each([
    ["that may not use the schema", "SELECT 1", /grant this one USAGE on the schema/],
    [
      "that may only read",
      "GRANT USAGE ON SCHEMA here TO me; GRANT SELECT ON ALL TABLES IN SCHEMA here TO me",
      /lacks DELETE, INSERT, UPDATE on the table/,
    ],
    [
      "that may not delete a flow",
      "GRANT USAGE ON SCHEMA here TO me; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA here TO me; REVOKE DELETE ON here.flows FROM me",
      /lacks DELETE on the table .*\.flows/,
    ],
  ])("F7 %s is refused before it has anything to save, and let in once it may", async (_, sql, message) => {
    const place = await createPlace();
    const row = await insert(place.store);
    const role = await createRole(place.pool);
    await change(place, sql.replaceAll(/\bme\b/g, `"${role}"`));
    const store = postgresStore({ pool: openPool({ options: `-c role=${role}` }), schema: place.schema });
    await expectRefused(store.migrate(), message);
    await change(place, `GRANT USAGE ON SCHEMA here TO "${role}"`);
    await change(place, `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA here TO "${role}"`);
    await store.migrate();
    expect(await store.get(row.connectionId)).toEqual({ ...row, readAt: expect.any(Number) });
  });

  test("F7 whose sessions may only read is refused, whether the tables are there or not", async () => {
    const options = "-c default_transaction_read_only=on";
    const { pool, schema } = await createPlace();
    for (const name of [schema, newSchemaName()]) {
      const store = postgresStore({ pool: openPool({ options }), schema: name });
      await expectRefused(store.migrate(), /may only read \(default_transaction_read_only\): let its role write/);
    }
    expect((await pool.query(`SELECT FROM "${schema}".grants`)).rowCount).toBe(0);
  });
});
