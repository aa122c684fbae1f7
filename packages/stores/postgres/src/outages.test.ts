import { randomBytes } from "node:crypto";
import type { GrantCommit, GrantRow, Store } from "@grantkeeper/core/store";
import { describe, expect, onTestFinished, test } from "vitest";
import { postgresStore } from "./index.ts";
import { createDisk, missingDisk } from "./test/disk.ts";
import { everyOperation } from "./test/every-operation.ts";
import { createEmptyPlace, createPlace, createRole, errorOf, insert, openPool, present, until } from "./test/place.ts";
import { startProxy } from "./test/proxy.ts";
import { conditionOf, leaseOf, newPayload, newRow } from "./test/rows.ts";
import { missingServer, newSchemaName, url } from "./test/server.ts";

const missing = await missingServer();
const noDisk = missing ?? (await missingDisk());

/** A row under a lease, and the commit that is to replace it. */
async function prepareCommit(store: Store): Promise<{ readonly leased: GrantRow; readonly commit: GrantCommit }> {
  const { grantId, identityHash, ...row } = await insert(store);
  const intent = { attemptId: "attempt", tokenSet: "default", refreshTokenHash: "hash" };
  const outcome = await store.lease(leaseOf({ ...row, grantId }, { intent }));
  if (outcome.kind !== "leased") throw new Error(outcome.kind);
  const payload = newPayload(2, { grantId, identityHash, sealed: randomBytes(256 * 1024) });
  const commit = { expected: conditionOf(outcome.row), payload, clearIntents: ["default"] };
  return { leased: await present(store, row.connectionId), commit };
}

/** The server's address for another role or database. */
function addressFor(part: { readonly role?: string; readonly password?: string; readonly database?: string }): string {
  const address = new URL(url);
  if (part.role !== undefined) address.username = part.role;
  if (part.password !== undefined) address.password = part.password;
  if (part.database !== undefined) address.pathname = `/${part.database}`;
  return address.href;
}

async function expectUnavailable(work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await errorOf(work);
  expect(error).toMatchObject({ code: "store_unavailable", remedy: "retry", retryAt: expect.any(Date) });
  expect(error.message).toMatch(message);
}

async function expectNothingDone(store: Store, leased: GrantRow): Promise<void> {
  expect(await present(store, leased.connectionId)).toEqual({ ...leased, readAt: expect.any(Number) });
}

async function expectDone(store: Store, commit: GrantCommit): Promise<void> {
  expect(await store.commit(commit)).toBe("committed");
  const row = await present(store, commit.expected.connectionId);
  expect(row).toMatchObject({ version: 2, lease: undefined, intents: [] });
  expect(Buffer.compare(row.sealed, commit.payload.sealed)).toBe(0);
}

test("F7 F9 a server that cannot be reached is unavailable, and never without rows", async () => {
  const pool = openPool({ connectionString: "postgres://nobody:hidden-password@127.0.0.1:1/none" });
  for (const error of await Promise.all(everyOperation(postgresStore({ pool })).map(errorOf))) {
    expect(error).toMatchObject({ code: "store_unavailable", remedy: "retry", retryAt: expect.any(Date) });
    expect(error.cause).toMatchObject({ message: "Error ECONNREFUSED" });
    expect(`${error.stack} ${String(error.cause)}`).not.toContain("hidden-password");
  }
});

describe.skipIf(missing)(missing ?? "a server that is there", () => {
  test.each([
    ["with no such database", { database: "no_such_database" }],
    ["with no such user", { role: "nobody_at_all" }],
  ])("F7 %s is unavailable, and says where to look", async (_, part) => {
    const store = postgresStore({ pool: openPool({ connectionString: addressFor(part) }) });
    await expectUnavailable(store.migrate(), /look at its user, its password and the name of its database/);
    await expectUnavailable(store.get("id"), /look at its user, its password and the name of its database/);
  });

  test("F7 a connection that ends in the middle is unavailable, and the next one works", async () => {
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

  test("F7 a server that has fallen silent is unavailable once the pool's time is over", async () => {
    const { schema, store: direct } = await createPlace();
    const proxy = await startProxy();
    onTestFinished(proxy.close);
    const times = { connectionTimeoutMillis: 300, query_timeout: 300 };
    const store = postgresStore({ pool: openPool({ connectionString: proxy.url, ...times }), schema });
    const { leased, commit } = await prepareCommit(store);
    const speakAgain = proxy.silence();
    // The first on a connection that was open, the others on new ones.
    for (const work of [() => store.commit(commit), () => store.get("absent"), () => store.list({ limit: 1 })]) {
      await expectUnavailable(work(), /could not be asked/);
    }
    await expectNothingDone(direct, leased);
    speakAgain();
    await expectDone(store, commit);
  });

  test("F7 a role that loses its rights keeps what it holds, and saves it once it has them again", async () => {
    const { pool, schema, store: owner } = await createPlace();
    const role = await createRole(pool);
    const tables = `ALL TABLES IN SCHEMA "${schema}"`;
    await pool.query(`GRANT USAGE ON SCHEMA "${schema}" TO "${role}"`);
    await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${tables} TO "${role}"`);
    const store = postgresStore({ pool: openPool({ options: `-c role=${role}` }), schema });
    await store.migrate();
    const { leased, commit } = await prepareCommit(store);
    await pool.query(`REVOKE UPDATE ON ${tables} FROM "${role}"`);
    await expectUnavailable(store.commit(commit), /grant it SELECT, INSERT, UPDATE and DELETE/);
    await expectNothingDone(owner, leased);
    await pool.query(`GRANT UPDATE ON ${tables} TO "${role}"`);
    await expectDone(store, commit);
  });

  test("F7 a role that may only read from now on saves nothing, and does so once it may write", async () => {
    const { pool, schema, store: owner } = await createPlace();
    const role = await createRole(pool);
    const password = randomBytes(12).toString("hex");
    await pool.query(`ALTER ROLE "${role}" LOGIN PASSWORD '${password}'`);
    await pool.query(`GRANT USAGE ON SCHEMA "${schema}" TO "${role}"`);
    await pool.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "${schema}" TO "${role}"`);
    // A session has the role's records as they were when it began, so each operation has one of its own.
    const connectionString = addressFor({ role, password });
    const store = postgresStore({ pool: openPool({ connectionString, maxUses: 1 }), schema });
    await store.migrate();
    const { leased, commit } = await prepareCommit(store);
    await pool.query(`ALTER ROLE "${role}" SET default_transaction_read_only = on`);
    await expectUnavailable(store.commit(commit), /takes no writes.*default_transaction_read_only/);
    await expectUnavailable(store.insert(newRow()), /takes no writes.*default_transaction_read_only/);
    await expectNothingDone(store, leased);
    await pool.query(`ALTER ROLE "${role}" RESET default_transaction_read_only`);
    await expectDone(store, commit);
    expect((await owner.list({ limit: 10 })).rows).toHaveLength(1);
  });
});

describe.skipIf(noDisk)(noDisk ?? "a disk of PostgreSQL's that is full", () => {
  test("F7 fails a commit wholly, which holds once there is room", async () => {
    const disk = await createDisk(openPool());
    const { store } = await createPlace({ options: `-c default_tablespace=${disk.tablespace}` });
    const { leased, commit } = await prepareCommit(store);
    disk.fill();
    await expectUnavailable(store.commit(commit), /disk is full: make room/);
    await expectUnavailable(store.insert(newRow({ sealed: randomBytes(256 * 1024) })), /disk is full: make room/);
    await expectNothingDone(store, leased);
    disk.makeRoom();
    await expectDone(store, commit);
    expect((await store.list({ limit: 10 })).rows).toHaveLength(1);
  });

  test("F7 leaves no half of a schema, which is made once there is room", async () => {
    const disk = await createDisk(openPool());
    const { store, pool, schema } = createEmptyPlace({ options: `-c default_tablespace=${disk.tablespace}` });
    disk.fill();
    await expectUnavailable(store.migrate(), /disk is full: make room/);
    expect((await pool.query("SELECT FROM pg_namespace WHERE nspname = $1", [schema])).rowCount).toBe(0);
    disk.makeRoom();
    await store.migrate();
    await insert(store);
  });
});
