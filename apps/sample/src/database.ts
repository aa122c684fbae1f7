import { DatabaseSync } from "node:sqlite";
import { keyvStore, type Store } from "@grantkeeper/core";
import KeyvSqlite from "@keyv/sqlite";
import { Keyv } from "keyv";

export interface Database {
  readonly store: Store;
  /** A connection's row exactly as it lies in the file, to show that nothing in it can be read. */
  readonly readRow: (connectionId: string) => string | undefined;
  readonly close: () => void;
}

/** Keeps grants in one SQLite file. */
export function openDatabase(path: string): Database {
  // No `error` listener here: with one, Keyv hides failures, and an outage would look like an empty database.
  const keyv = new Keyv(
    new KeyvSqlite({ uri: `sqlite://${path}`, driver: "node:sqlite", wal: true, busyTimeout: 2000 }),
  );
  let reader: DatabaseSync | undefined;
  return {
    store: keyvStore(keyv),
    readRow(connectionId) {
      reader ??= new DatabaseSync(path, { readOnly: true });
      const row = reader.prepare("SELECT value FROM keyv WHERE key = ?").get(`grant:${connectionId}`);
      const value = row?.["value"];
      return typeof value === "string" ? value : undefined;
    },
    close: () => reader?.close(),
  };
}
