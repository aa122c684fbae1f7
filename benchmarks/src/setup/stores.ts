import { join } from "node:path";
import { type JsonObject, keyvStore, type Store } from "@grantkeeper/core";
import { postgresStore } from "@grantkeeper/store-postgres";
import { sqliteStore } from "@grantkeeper/store-sqlite";
import { KeyvSqlite } from "@keyv/sqlite";
import { Keyv } from "keyv";
import { openPool } from "./postgres.ts";

export interface OpenStore {
  readonly store: Store;
  close(): Promise<void>;
}

/** The store of a side, by the settings `kind`, `folder`, `schema` and `name`. */
export function openStore({ kind, folder, schema, name }: JsonObject): OpenStore {
  const own = (store: Store): OpenStore => ({ store, close: store.close });
  if (kind === "memory") return own(keyvStore());
  if (kind === "keyv") return own(keyvStore(openKeyv(String(folder), String(name))));
  if (kind === "sqlite") return own(sqliteStore(sqlitePath(String(folder), String(name))));
  const pool = openPool();
  const store = postgresStore({ pool, schema: `${schema}_${name}` });
  return {
    store,
    async close() {
      await store.close();
      await pool.end();
    },
  };
}

export function sqlitePath(folder: string, name: string): string {
  return join(folder, `${name}.db`);
}

/** https://www.npmjs.com/package/@keyv/sqlite, on Node's own SQLite. */
export function openKeyv(folder: string, name: string): Keyv {
  return new Keyv({
    store: new KeyvSqlite({ uri: `sqlite://${join(folder, `${name}-keyv.db`)}`, driver: "node:sqlite" }),
  });
}
