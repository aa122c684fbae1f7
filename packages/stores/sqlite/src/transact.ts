import type { DatabaseSync } from "node:sqlite";

/**
 * Runs `work` in one transaction. It takes the write lock first: a lock that is asked for after a read cannot be waited
 * for, as what was read may have changed.
 */
export function transact<Result>(database: DatabaseSync, work: () => Result): Result {
  database.exec("BEGIN IMMEDIATE");
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
