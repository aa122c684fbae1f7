import { GrantkeeperError } from "@grantkeeper/core";
import { howToGrant } from "./errors.ts";
import type { PostgresClient } from "./pool.ts";
import { columns } from "./rows.ts";

/** Throws when this server, or what the pool reaches of it, cannot keep grants. */
export async function checkServer(client: PostgresClient): Promise<void> {
  const { rows } = await client.query(
    `SELECT current_setting('server_encoding') AS encoding, pg_is_in_recovery()::text AS standby,
      current_setting('transaction_read_only') AS read_only`,
  );
  const { encoding, standby, read_only: readOnly } = rows[0] ?? {};
  if (encoding !== "UTF8") {
    throw new GrantkeeperError("invalid_config", "The database's encoding is not UTF8, so ids could be changed.");
  }
  if (standby !== "false") {
    throw new GrantkeeperError("store_unavailable", "The database is a standby: its reads are late.", {
      retryAt: new Date(Date.now() + 1_000),
    });
  }
  if (readOnly !== "off") {
    throw new GrantkeeperError(
      "invalid_config",
      "The pool's sessions may only read (default_transaction_read_only): let its role write in this database.",
    );
  }
}

/** Throws `invalid_config` when a table or a column is not there, or the role may not use it: not first in a commit. */
export async function checkTables(client: PostgresClient, name: string, schema: string): Promise<void> {
  const { rows } = await client.query(
    `SELECT t.name, (c.oid IS NOT NULL)::text AS there, string_agg(p.name, ', ' ORDER BY p.name) AS rights
    FROM unnest(ARRAY['grants', 'flows', 'records']) AS t (name)
      CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (name)
      LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = $1
      LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = t.name
    WHERE c.oid IS NULL OR NOT has_table_privilege(c.oid, p.name)
    GROUP BY t.name, c.oid ORDER BY t.name`,
    [name],
  );
  const [first] = rows;
  if (first?.["there"] === "false") {
    throw new GrantkeeperError(
      "invalid_config",
      `The schema ${name} has a version and no table ${first["name"]}: restore all of it, or name another schema.`,
    );
  }
  if (first !== undefined) {
    throw new GrantkeeperError(
      "invalid_config",
      `The pool's role lacks ${first["rights"]} on the table ${name}.${first["name"]}: ${howToGrant}`,
    );
  }
  await client.query(`SELECT ${columns("clock_timestamp()")} FROM ${schema}.grants WHERE false`);
}
