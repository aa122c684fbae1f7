import type { DatabaseSync } from "node:sqlite";

/** When what is committed is on the disk: before it is answered, or once the write-ahead log is flushed. */
export type Durability = "at once" | "once flushed";

/**
 * Runs `work` in one transaction. It takes the write lock first: a lock that is asked for after a read cannot be waited
 * for, as what was read may have changed.
 */
export function transact<Result>(
  database: DatabaseSync,
  work: () => Result,
  durability: Durability = "at once",
): Result {
  // Each time, so that no transaction goes by what another one has left.
  database.exec(`PRAGMA synchronous = ${durability === "at once" ? "FULL" : "NORMAL"}; BEGIN IMMEDIATE`);
  try {
    const result = work();
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // SQLite has rolled back by itself after some errors, such as a full disk.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
