import { accessSync, closeSync, constants, openSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GrantkeeperError } from "@grantkeeper/core";
import { invalidConfig, resultCode } from "./errors.ts";
import { checkVersion, migrateSchema } from "./schema.ts";

const notADatabase = 26;

export interface OpenFile {
  readonly database: DatabaseSync;
  /** Throws when the path no longer leads to the file that is open: what is written there would be lost. */
  assertInPlace(): void;
}

/** The absolute path. Refuses names that SQLite takes for memory or a URI, where each process would have its own rows. */
export function checkPath(path: string): string {
  if (typeof path !== "string" || path === "" || path === ":memory:" || /^file:/i.test(path) || path.includes("\0")) {
    throw invalidConfig("sqliteStore needs the path of a file.");
  }
  return resolve(path);
}

/** Opens the file, creating it for its owner alone, and brings its schema up to date. */
export function openFile(path: string, busyTimeoutMs: number): OpenFile {
  prepareFile(path);
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true });
  try {
    configure(database);
    const opened = identityOf(path);
    return {
      database,
      assertInPlace() {
        if (opened !== undefined && identityOf(path) === opened) return;
        throw new GrantkeeperError(
          "store_unavailable",
          "The SQLite file was moved, replaced or deleted while it was open: put it back, or restart.",
          { retryAt: new Date(Date.now() + 1_000) },
        );
      },
    };
  } catch (error) {
    database.close();
    if (resultCode(error) === notADatabase) throw invalidConfig(`The file is no SQLite database: ${path}`);
    throw error;
  }
}

/**
 * SQLite would create the file readable by all; its companions take over the mode. A file that is there is never opened
 * by other means than SQLite's: closing it again would drop the locks that this process has on it.
 */
function prepareFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") throw invalidConfig(`The folder does not exist: ${path}`);
    if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
      throw invalidConfig(`The file cannot be created: let this process write its folder. ${path}`);
    }
    if (code !== "EEXIST" && code !== "EISDIR") throw error;
  }
  if (!statSync(path).isFile()) throw invalidConfig(`The path is not that of a file: ${path}`);
  // SQLite creates its companions beside the file, and deletes them again.
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    if (mayNot(file, constants.R_OK | constants.W_OK)) {
      throw invalidConfig(`The file cannot be read and written: let this process do both. ${file}`);
    }
  }
  if (mayNot(dirname(path), constants.W_OK)) {
    throw invalidConfig(`The folder of the file cannot be written: let this process do so. ${dirname(path)}`);
  }
}

function mayNot(path: string, access: number): boolean {
  try {
    accessSync(path, access);
    return false;
  } catch (error) {
    // A companion that is not there is created.
    return !(error instanceof Error && "code" in error && error.code === "ENOENT");
  }
}

function configure(database: DatabaseSync): void {
  // First, so that nothing is changed in a database that is another application's.
  checkVersion(database);
  const { journal_mode: mode } = database.prepare("PRAGMA journal_mode = WAL").get() ?? {};
  if (mode !== "wal") throw invalidConfig("The SQLite file is where write-ahead logging does not work.");
  // A commit is on the disk before it is answered. On macOS only fullfsync makes the disk write it.
  database.exec("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON");
  // What is deleted is overwritten: a data key that was erased must not be found in a free page.
  database.exec("PRAGMA secure_delete = ON");
  migrateSchema(database);
}

function identityOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
