import type { DatabaseSync } from "node:sqlite";
import { GrantkeeperError } from "@grantkeeper/core";
import type { Store } from "@grantkeeper/core/store";
import { checkLimit, endOfPrefix } from "@grantkeeper/core/store";
import { createTurns, type Turns } from "./busy.ts";
import { createClaims } from "./claims.ts";
import { invalidConfig, resultCode, toStoreError } from "./errors.ts";
import { checkPath, type OpenFile, openFile } from "./file.ts";
import { createFlush, type Flush } from "./flush.ts";
import { createGrants, type Grants } from "./grants.ts";
import { createListing } from "./listing.ts";
import { createValues, type Values } from "./values.ts";

export interface SqliteStoreOptions {
  /**
   * For how many milliseconds SQLite itself waits for another's lock, while the event loop stands still. Default 20. After
   * that the store tries again for 5 seconds, and the event loop runs on.
   */
  readonly busyTimeoutMs?: number;
  /** Unix milliseconds; for tests. All processes on one file must agree on it. */
  readonly now?: () => number;
}

interface Tables extends Grants, Values {
  readonly file: OpenFile;
  readonly flush: Flush;
  readonly list: ReturnType<typeof createListing>;
  readonly claimDue: ReturnType<typeof createClaims>;
}

const patienceMs = 5_000;

/** Keeps grants in one SQLite file on a local disk, right for any number of processes on this machine. */
export function sqliteStore(path: string, options: SqliteStoreOptions = {}): Store {
  const { busyTimeoutMs = 20, now = Date.now } = options;
  const absolutePath = checkPath(path);
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0 || busyTimeoutMs > 60_000) {
    throw invalidConfig("busyTimeoutMs is a whole number from 0 to 60000.");
  }
  const clock = (): number => Math.floor(now());
  // Reads need no turn behind writes, as in write-ahead mode they wait for no writer.
  const [reads, writes] = [createTurns(patienceMs), createTurns(patienceMs)];
  let running = 0;
  let becomesIdle: (() => void) | undefined;
  let opening: Promise<Tables> | undefined;
  let opened: Tables | undefined;
  let closing: Promise<void> | undefined;

  async function openTurn(): Promise<Tables> {
    opened = await writes.run(() => openTables(absolutePath, busyTimeoutMs, clock));
    return opened;
  }

  function open(): Promise<Tables> {
    opening ??= openTurn().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function attempt<Result>(turns: Turns, work: (tables: Tables) => Result): Promise<Result> {
    if (closing !== undefined) throw new GrantkeeperError("closed", "The store was closed.");
    running++;
    try {
      const tables = opened ?? (await open());
      return await turns.run(() => {
        tables.file.assertInPlace();
        return work(tables);
      });
    } catch (error) {
      throw toStoreError(error, now());
    } finally {
      running--;
      if (running === 0) becomesIdle?.();
    }
  }

  const read = <Result>(work: (tables: Tables) => Result): Promise<Result> => attempt(reads, work);
  const write = <Result>(work: (tables: Tables) => Result): Promise<Result> => attempt(writes, work);

  async function close(): Promise<void> {
    if (running > 0) await new Promise<void>((resolve) => (becomesIdle = resolve));
    const tables = await opening?.catch(() => undefined);
    if (tables === undefined) return;
    try {
      await tables.flush.close();
      closeDatabase(tables.file.database);
    } catch (error) {
      throw toStoreError(error, now());
    }
  }

  return {
    scope: "shared",
    kind: "sqlite",
    migrate: () => read(() => undefined),
    get: (connectionId) => read((tables) => tables.get(connectionId)),
    insert: (row) => write((tables) => tables.insert(row)),
    lease: (request) => write((tables) => tables.lease(request)),
    release: (request) => write((tables) => tables.release(request)),
    commit: (commit) => write((tables) => tables.commit(commit)),
    delete: (condition) =>
      write((tables) => {
        const outcome = tables.delete(condition);
        if (outcome === "deleted") emptyLog(tables.file.database);
        return outcome;
      }),
    rewrap: (request) => write((tables) => tables.rewrap(request)),
    claimDue: (request) => write((tables) => tables.claimDue(request)),
    list: (query) => read((tables) => tables.list(query)),
    flows: {
      put: (key, sealed, ttlMs) => write(({ flows }) => flows.put(key, sealed, ttlMs)),
      take: (key) => write(({ flows }) => flows.take(key)),
      async list({ after, limit }) {
        checkLimit(limit);
        return read(({ flows }) => flows.list(after, limit));
      },
    },
    records: {
      get: (name) => read(({ records }) => records.get(name)),
      compareAndSet: (name, expected, value) =>
        write(({ records, file }) => {
          const done = records.compareAndSet(name, expected, value);
          // What was there is gone, and is no longer to be found.
          if (done && expected !== undefined && (value?.byteLength ?? 0) === 0) emptyLog(file.database);
          return done;
        }),
      async list(query) {
        checkLimit(query.limit);
        const end = endOfPrefix(query.prefix);
        return read(({ records }) => records.list(query, end));
      },
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function openTables(path: string, busyTimeoutMs: number, now: () => number): Tables {
  const file = openFile(path, busyTimeoutMs);
  const { database } = file;
  try {
    const [list, claimDue, values] = [
      createListing(database, now),
      createClaims(database, now),
      createValues(database, now),
    ];
    const grants = createGrants(database, now, () => flush.start());
    // Last, as it opens a file: what failed after it would leave that open.
    const flush = createFlush(path);
    return { file, flush, list, claimDue, ...values, ...grants };
  } catch (error) {
    database.close();
    // No such table or column: every statement of the version that the file names was prepared here.
    if (resultCode(error) === 1) {
      throw invalidConfig("The SQLite file has not the tables of its version: restore a whole copy of it.");
    }
    throw error;
  }
}

function closeDatabase(database: DatabaseSync): void {
  emptyLog(database);
  database.close();
}

/** Moves the write-ahead log into the file, as far as others let it, so that nothing that was deleted is left in it. */
function emptyLog(database: DatabaseSync): void {
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // Nothing is lost: what was committed is in the log, and whoever empties it the next time finds it there.
  }
}
