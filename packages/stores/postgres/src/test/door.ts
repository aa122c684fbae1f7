import type { RawRow, SealedStoreUnderTest, StoreDoor } from "@grantkeeper/testing";
import type { Pool } from "pg";
import { postgresStore } from "../index.ts";
import { createPool, dropSchema, newSchemaName } from "./server.ts";

const columns: Readonly<Record<keyof RawRow, string>> = {
  sealed: "sealed",
  wrappedKey: "wrapped_key",
  grantId: "grant_id",
  version: "version",
  ownerHash: "owner_hash",
  connector: "connector",
};

/** A schema of its own, and a door to its tables. */
export async function makeSealedPlace(): Promise<SealedStoreUnderTest> {
  const pool = createPool();
  const schema = newSchemaName();
  return {
    openStore: () => postgresStore({ pool, schema }),
    door: doorTo(pool, schema),
    async dispose() {
      await dropSchema(pool, schema);
      await pool.end();
    },
  };
}

function doorTo(pool: Pool, schema: string): StoreDoor {
  return {
    async readRow(connectionId) {
      const { rows } = await pool.query(`SELECT * FROM "${schema}".grants WHERE connection_id = $1`, [connectionId]);
      const [row] = rows;
      return (
        row && {
          sealed: row.sealed,
          wrappedKey: row.wrapped_key,
          grantId: row.grant_id,
          version: Number(row.version),
          ownerHash: row.owner_hash,
          connector: row.connector,
        }
      );
    },
    async writeRow(connectionId, change) {
      for (const [name, value] of Object.entries(change)) {
        const column = columns[name as keyof RawRow];
        const bound = value instanceof Uint8Array ? Buffer.from(value) : value;
        await pool.query(`UPDATE "${schema}".grants SET ${column} = $1 WHERE connection_id = $2`, [
          bound,
          connectionId,
        ]);
      }
    },
    async readFlows() {
      return (await pool.query(`SELECT key, sealed FROM "${schema}".flows`)).rows;
    },
    async writeFlow(key, sealed) {
      await pool.query(`UPDATE "${schema}".flows SET sealed = $1 WHERE key = $2`, [Buffer.from(sealed), key]);
    },
    dump: () => dumpOf(pool, schema),
  };
}

/** Every column of every table: bytes as they are, and whatever else as text. */
async function dumpOf(pool: Pool, schema: string): Promise<readonly Uint8Array[]> {
  const { rows: found } = await pool.query<{ table: string; column: string; type: string }>(
    `SELECT table_name AS table, column_name AS column, data_type AS type
    FROM information_schema.columns WHERE table_schema = $1`,
    [schema],
  );
  const parts: Uint8Array[] = [];
  for (const { table, column, type } of found) {
    const shown = type === "bytea" ? `"${column}"` : `"${column}"::text`;
    const { rows } = await pool.query<{ value: Buffer | string | null }>(
      `SELECT ${shown} AS value FROM "${schema}"."${table}"`,
    );
    for (const { value } of rows) if (value !== null) parts.push(Buffer.from(value as string));
  }
  return parts;
}
