import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import type { Store } from "@grantkeeper/core";
import { sqliteStore } from "@grantkeeper/store-sqlite";

/** A connection's row, by column, exactly as it lies in the file. */
export type StoredRow = Readonly<Record<string, SQLOutputValue>>;

export interface RowReader {
  /** To show that nothing in it can be read. */
  readonly readRow: (connectionId: string) => StoredRow | undefined;
  readonly close: () => void;
}

/** Keeps grants in one SQLite file, which any number of processes on this machine may share. */
export function openStore(dataDirectory: string): Store {
  return sqliteStore(fileIn(dataDirectory));
}

/** Looks into the file of `openStore` past the store. */
export function createRowReader(dataDirectory: string): RowReader {
  let database: DatabaseSync | undefined;
  return {
    readRow(connectionId) {
      database ??= new DatabaseSync(fileIn(dataDirectory), { readOnly: true, timeout: 1000 });
      return database.prepare("SELECT * FROM grants WHERE connection_id = ?").get(connectionId);
    },
    close: () => database?.close(),
  };
}

/** The file of a sample that kept grants in another form, where there is one: its connections would be missed. */
export function unreadFile(dataDirectory: string): string | undefined {
  const file = join(dataDirectory, "grants.sqlite");
  return existsSync(file) ? file : undefined;
}

function fileIn(dataDirectory: string): string {
  return join(dataDirectory, "connections.sqlite");
}
