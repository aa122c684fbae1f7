import type { GrantRow, Store, StoredFlow } from "@grantkeeper/core/store";

/** What a row's sealed bytes are bound to, and these bytes, as they lie in the store. */
export type RawRow = Pick<GrantRow, "sealed" | "wrappedKey" | "grantId" | "version" | "ownerHash" | "connector">;

/** A way past the store to what it keeps, as somebody has it who can write to the disk or to the database. */
export interface StoreDoor {
  readonly readRow: (connectionId: string) => Promise<RawRow | undefined>;
  /** Changes columns of a row that is there, and nothing else of it. */
  readonly writeRow: (connectionId: string, change: Partial<RawRow>) => Promise<void>;
  readonly readFlows: () => Promise<readonly StoredFlow[]>;
  /** Changes what is sealed in a flow that is there, and nothing else of it. */
  readonly writeFlow: (key: string, sealed: Uint8Array) => Promise<void>;
  /**
   * All that is kept, as bytes: every file of the database, or every column of every table, with bytes as they are. Asked
   * for while stores are open, and after the last one was closed.
   */
  readonly dump: () => Promise<readonly Uint8Array[]>;
}

/** A place for one test, empty at first. */
export interface SealedStoreUnderTest {
  /** Opens a store on that place. The suite opens several, and closes each. */
  readonly openStore: () => Store;
  readonly door: StoreDoor;
  /** Removes what the test left; the suite has closed every store. */
  readonly dispose: () => Promise<void>;
}
