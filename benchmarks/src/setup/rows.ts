import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A table of the application's own, for peers that keep nothing: in memory, or in a SQLite file that processes share. */
export interface Rows<Row> {
  read(key: string): Promise<Row | undefined>;
  write(key: string, row: Row): Promise<void>;
}

export function openRows<Row>(folder: string | undefined, name: string): Rows<Row> {
  if (folder === undefined) {
    const rows = new Map<string, Row>();
    return { read: async (key) => rows.get(key), write: async (key, row) => void rows.set(key, row) };
  }
  const database = openDatabase(folder, name);
  database.exec("CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, value TEXT NOT NULL)");
  const select = database.prepare("SELECT value FROM rows WHERE key = ?");
  const upsert = database.prepare("INSERT INTO rows VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  return {
    async read(key) {
      const found = select.get(key)?.["value"];
      return typeof found === "string" ? (JSON.parse(found) as Row) : undefined;
    },
    async write(key, row) {
      upsert.run(key, JSON.stringify(row));
    },
  };
}

/** With what an application sets for several processes: https://www.sqlite.org/wal.html */
export function openDatabase(folder: string, name: string): DatabaseSync {
  const database = new DatabaseSync(join(folder, `${name}.db`));
  database.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL");
  return database;
}
