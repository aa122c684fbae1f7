import { randomBytes } from "node:crypto";
import { Pool, type PoolConfig } from "pg";

export const url: string = process.env["POSTGRES_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres";

/** Pools whose idle connections may break without ending the tests. */
export function createPool(config: PoolConfig = {}): Pool {
  const pool = new Pool({ connectionString: url, ...config });
  pool.on("error", () => {});
  return pool;
}

/** Why tests are left out: no server answers, and none is demanded. */
export async function missingServer(): Promise<string | undefined> {
  const pool = createPool({ connectionTimeoutMillis: 5_000 });
  try {
    await pool.query("SELECT 1");
    return undefined;
  } catch (error) {
    const reason = `no PostgreSQL answers at ${new URL(url).host} (POSTGRES_URL)`;
    if (process.env["GRANTKEEPER_REQUIRE_SERVICES"]) throw new Error(reason, { cause: error });
    return reason;
  } finally {
    await pool.end();
  }
}

export function newSchemaName(): string {
  return `grantkeeper_test_${randomBytes(8).toString("hex")}`;
}

export async function dropSchema(pool: Pool, schema: string): Promise<void> {
  await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
}
