import { GrantkeeperError } from "@grantkeeper/core";
import { checkServer, checkTables } from "./checks.ts";
import { asConfigError, mayBeRepeated } from "./errors.ts";
import type { PostgresClient, PostgresPool } from "./pool.ts";

/** The schema's name, quoted for a statement. */
export function quotedSchema(name: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name) || name.startsWith("pg_")) {
    throw new GrantkeeperError(
      "invalid_config",
      "A schema's name has 1 to 63 characters of a-z, 0-9 and _, begins with no digit, and not with pg_.",
    );
  }
  return `"${name}"`;
}

/**
 * Each is run once, in this order. Texts compare by bytes (`COLLATE "C"`): the indexes of other collations can break when
 * the operating system's locales change, and a broken unique index would let one identity in twice.
 *
 * Token hashes are an array under a GIN index: they are replaced whole with their row, so a table beside would only add
 * writes to each refresh.
 */
const migrations: readonly ((schema: string) => string)[] = [
  (schema) => `
    CREATE TABLE ${schema}.grants (
      connection_id text COLLATE "C" PRIMARY KEY,
      sequence bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
      connector text COLLATE "C" NOT NULL,
      owner_hash text COLLATE "C" NOT NULL,
      identity_hash text COLLATE "C" NOT NULL UNIQUE,
      account_hash text COLLATE "C" NOT NULL,
      token_hashes text[] COLLATE "C" NOT NULL,
      grant_id text COLLATE "C" NOT NULL,
      version bigint NOT NULL,
      state text COLLATE "C" NOT NULL CHECK (state IN ('active', 'needs_reauthorization')),
      sealed bytea NOT NULL,
      wrapped_key bytea NOT NULL,
      due_at bigint,
      fence bigint NOT NULL DEFAULT 0,
      lease_holder text COLLATE "C",
      lease_until timestamptz,
      intents jsonb NOT NULL DEFAULT '[]',
      created_at timestamptz NOT NULL,
      updated_at timestamptz NOT NULL,
      CHECK ((lease_holder IS NULL) = (lease_until IS NULL))
    );
    CREATE INDEX grants_owner ON ${schema}.grants (owner_hash, sequence);
    CREATE INDEX grants_account ON ${schema}.grants (account_hash, sequence);
    CREATE INDEX grants_connector ON ${schema}.grants (connector, sequence);
    CREATE INDEX grants_connector_state ON ${schema}.grants (connector, state, sequence);
    CREATE INDEX grants_state ON ${schema}.grants (state, sequence);
    CREATE INDEX grants_due ON ${schema}.grants (due_at, sequence) WHERE due_at IS NOT NULL;
    CREATE INDEX grants_token_hashes ON ${schema}.grants USING gin (token_hashes);

    CREATE TABLE ${schema}.flows (
      key text COLLATE "C" PRIMARY KEY,
      sealed bytea NOT NULL,
      ends_at timestamptz NOT NULL
    );
    CREATE INDEX flows_ends_at ON ${schema}.flows (ends_at);

    CREATE TABLE ${schema}.settings (
      name text COLLATE "C" PRIMARY KEY,
      value bytea NOT NULL
    );`,
  (schema) => `ALTER TABLE ${schema}.settings RENAME TO records`,
];

/** Any constant that others are unlikely to lock: the bytes of `grantkee`. */
const migrationLock = "7454127460279084389";

/** Brings the schema to this version. Many processes may do so at once: one migrates, and the others wait for it. */
export async function migrateSchema(pool: PostgresPool, name: string): Promise<void> {
  const client = await pool.connect();
  // An emitted error without a listener would end the process; the statement that runs rejects as well.
  const ignore = (): void => {};
  client.on?.("error", ignore);
  let failure: Error | undefined;
  try {
    await checkServer(client);
    // A role that may not create anything is enough where nothing is to be created.
    if ((await versionOf(client, name)) !== migrations.length) await migrateInTransaction(client, name);
    await checkTables(client, name, quotedSchema(name));
  } catch (error) {
    // A connection in an unknown state goes back to nobody.
    const fine = error instanceof GrantkeeperError || mayBeRepeated(error);
    if (!fine) failure = error instanceof Error ? error : new Error("migration failed");
    throw asConfigError(error, name);
  } finally {
    client.off?.("error", ignore);
    client.release(failure);
  }
}

async function migrateInTransaction(client: PostgresClient, name: string): Promise<void> {
  const schema = quotedSchema(name);
  await client.query("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
  try {
    await client.query("SET LOCAL synchronous_commit = on");
    await client.query(`SELECT pg_advisory_xact_lock(${migrationLock})`);
    const version = await versionOf(client, name);
    if (version === undefined) {
      // Even with IF NOT EXISTS it takes the right to create schemas, which a role with its own schema may not have.
      const { rows } = await client.query("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1", [name]);
      if (rows.length === 0) await client.query(`CREATE SCHEMA ${schema}`);
      await client.query(
        `CREATE TABLE ${schema}.migrations (version int PRIMARY KEY, applied_at timestamptz NOT NULL)`,
      );
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < (version ?? 0)) continue;
      await client.query(migration(schema));
      await client.query(`INSERT INTO ${schema}.migrations VALUES ($1, clock_timestamp())`, [index + 1]);
    }
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw error;
  }
}

/** The version that is there; `undefined` without any. A newer one than this package knows is refused. */
async function versionOf(client: PostgresClient, name: string): Promise<number | undefined> {
  const schema = quotedSchema(name);
  // From the catalog's tables: to_regclass may still answer out of a cache from before the lock was waited for.
  const { rows } = await client.query(
    `SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = 'migrations'`,
    [name],
  );
  if (rows.length === 0) return undefined;
  const found = await client.query(`SELECT coalesce(max(version), 0)::text AS version FROM ${schema}.migrations`);
  const version = Number(found.rows[0]?.["version"]);
  if (!Number.isSafeInteger(version) || version < 0) {
    throw new GrantkeeperError("invalid_config", `The schema ${name} is another application's: name another schema.`);
  }
  if (version > migrations.length) {
    throw new GrantkeeperError(
      "invalid_config",
      `The schema has version ${version}, and this package knows ${migrations.length}: update the package.`,
    );
  }
  return version;
}
