import { Pool } from "pg";

const url: string = process.env["POSTGRES_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres";

/** A pool as an application has it: https://node-postgres.com/apis/pool */
export function openPool(): Pool {
  const pool = new Pool({ connectionString: url, max: 10 });
  pool.on("error", () => undefined);
  return pool;
}

export async function missingPostgres(): Promise<string | undefined> {
  const pool = openPool();
  try {
    await pool.query("SELECT 1");
    return undefined;
  } catch {
    return `no PostgreSQL answers at ${new URL(url).host} (POSTGRES_URL).`;
  } finally {
    await pool.end();
  }
}

export async function dropSchemas(prefix: string): Promise<void> {
  const pool = openPool();
  try {
    const { rows } = await pool.query<{ readonly name: string }>(
      "SELECT schema_name AS name FROM information_schema.schemata WHERE starts_with(schema_name, $1)",
      [prefix],
    );
    for (const { name } of rows) await pool.query(`DROP SCHEMA IF EXISTS "${name}" CASCADE`);
  } finally {
    await pool.end();
  }
}
