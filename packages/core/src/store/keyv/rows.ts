import type { Locks } from "../../locks.ts";
import type { GrantRow } from "../port.ts";
import type { KeyvAccess } from "./access.ts";
import { createIndexOfRows, type IndexOfRows } from "./index-of-rows.ts";
import { decodeRow, encodeRow } from "./row-codec.ts";

export interface RowsOptions {
  readonly access: KeyvAccess;
  readonly locks: Locks;
  readonly now: () => number;
  /** Opens the store, or says why it may not be used. */
  readonly ready: () => Promise<void>;
}

/** The rows in Keyv, and the index that finds them. */
export interface Rows {
  get(connectionId: string): Promise<GrantRow | undefined>;
  /** Runs `change` on the row as it is now; nobody else in this process changes it meanwhile. */
  changing<Result>(connectionId: string, change: (row: GrantRow | undefined) => Promise<Result>): Promise<Result>;
  /** Inside `changing` only. */
  save(row: GrantRow): Promise<void>;
  /** Inside `changing` only. */
  remove(connectionId: string): Promise<void>;
  /** The index, true to what is stored. Outside `changing` only. */
  index(): Promise<IndexOfRows>;
  /** Ends what was kept for a row in the index, unless it is open whether the row was written. */
  endReservation(identityHash: string, connectionId: string): void;
  /** Makes an entry known that was there when the store was opened. */
  found(key: string, value: unknown): void;
}

const rowPrefix = "grant:";

export function createRows({ access, locks, now, ready }: RowsOptions): Rows {
  const known = createIndexOfRows();
  /** Rows whose last writing failed: it may have come about all the same, as when only its answer was lost. */
  const doubtful = new Set<string>();

  async function get(connectionId: string): Promise<GrantRow | undefined> {
    await ready();
    const stored = await access.read(rowPrefix + connectionId);
    return stored === undefined ? undefined : decodeRow(stored as string, now());
  }

  function changing<Result>(
    connectionId: string,
    change: (row: GrantRow | undefined) => Promise<Result>,
  ): Promise<Result> {
    return locks.run(connectionId, async () => change(await get(connectionId)));
  }

  async function writing(connectionId: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      doubtful.add(connectionId);
      throw error;
    }
  }

  /** Reads again what is in doubt. */
  async function settle(connectionId: string): Promise<void> {
    await changing(connectionId, async (row) => {
      if (!doubtful.delete(connectionId)) return;
      if (row === undefined) known.delete(connectionId);
      else known.set(row);
      known.endReservations(connectionId);
    });
  }

  return {
    get,
    changing,
    async save(row) {
      await writing(row.connectionId, () => access.write(rowPrefix + row.connectionId, encodeRow(row)));
      known.set(row);
    },
    async remove(connectionId) {
      await writing(connectionId, () => access.remove(rowPrefix + connectionId));
      known.delete(connectionId);
    },
    async index() {
      await ready();
      for (const connectionId of doubtful) await settle(connectionId);
      return known;
    },
    endReservation(identityHash, connectionId) {
      if (!doubtful.has(connectionId)) known.endReservation(identityHash, connectionId);
    },
    found(key, value) {
      if (key.startsWith(rowPrefix)) known.set(decodeRow(value as string, now()));
    },
  };
}
