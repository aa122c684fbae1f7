/**
 * The store port: keeps sealed rows, compares and sets, leases. A store never sees a token, an owner or an account: only
 * sealed bytes and keyed hashes. Times are Unix milliseconds of the store's own clock. A store that cannot be reached
 * rejects with `store_unavailable`; it never answers as if nothing were there.
 */
export interface Store {
  /** `process`: right for one process at a time. `shared`: right for any number of them. */
  readonly scope: "process" | "shared";
  /** Where the rows are, in a few words for a notice to people, such as `memory` or `sqlite`. */
  readonly kind: string;

  /** Creates or upgrades the schema, or opens what the store needs to hold open. Safe to call at once and again. */
  migrate(): Promise<void>;

  /** A strong read. */
  get(connectionId: string): Promise<GrantRow | undefined>;

  /** Adds a row unless its connection id or its `identityHash` is taken. */
  insert(
    row: NewGrantRow,
  ): Promise<{ readonly inserted: true } | { readonly inserted: false; readonly connectionId: string }>;

  /**
   * Takes the lease of a row, if nobody but this very holder has it or the one that did has run out (else `held`), and if
   * its grant id, version and fence are as the caller read them (else `moved`), in this order. It moves the fence, as only
   * this and `claimDue` do. A given intent is added, in place of one for the same token set.
   */
  lease(request: LeaseRequest): Promise<LeaseOutcome>;

  /** Gives back a lease that is still the caller's own. `intents` take the place of the row's; without them, these stay. */
  release(request: ReleaseRequest): Promise<void>;

  /**
   * Replaces a row's payload, removes the intents of the token sets named and gives back the lease, if grant id, fence
   * and version are as read; otherwise changes nothing. Never adds a row. `identity_taken` when another row has the new
   * `identityHash`.
   */
  commit(commit: GrantCommit): Promise<"committed" | "superseded" | "identity_taken">;

  /** Deletes a row under the same condition as a commit. */
  delete(condition: CommitCondition): Promise<"deleted" | "superseded">;
  /**
   * Replaces a row's wrapped data key, if grant id and wrapped key are as the caller read them; otherwise changes nothing.
   * It touches no other column, so that it runs beside leases and commits.
   */
  rewrap(request: RewrapRequest): Promise<"rewrapped" | "moved">;
  /**
   * Takes the leases of one page of rows that are due and that nobody holds, those due longest first; a row that somebody
   * holds is passed over. Of many who claim at once each gets other rows. `after` is the last page's `next`.
   */
  claimDue(
    request: ClaimRequest,
  ): Promise<{ readonly claimed: readonly ClaimedRow[]; readonly next: string | undefined }>;

  /** One page of rows in a stable order. `after` is the last page's `next`. */
  list(query: ListQuery): Promise<{ readonly rows: readonly GrantRow[]; readonly next: string | undefined }>;

  readonly flows: {
    put(key: string, sealed: Uint8Array, ttlMs: number): Promise<void>;
    /** Returns and removes at once: of many callers one gets it. */
    take(key: string): Promise<Uint8Array | undefined>;
    /** One page of the flows that have not ended, in a stable order. `after` is the last page's `next`; `limit` 1 to 1000. */
    list(page: {
      readonly after?: string | undefined;
      readonly limit: number;
    }): Promise<{ readonly flows: readonly StoredFlow[]; readonly next: string | undefined }>;
  };

  /** The keeper's own values under names, such as the sealed index key and the entries of its audit log. */
  readonly records: {
    get(name: string): Promise<Uint8Array | undefined>;
    /** Sets the value, or removes it (`undefined`), if the present one is byte for byte `expected` (`undefined`: absent). */
    compareAndSet(name: string, expected: Uint8Array | undefined, value: Uint8Array | undefined): Promise<boolean>;
    /** One page of the records whose names begin with `prefix`, in the order of their names: of ASCII ones, by bytes. */
    list(query: RecordQuery): Promise<{ readonly records: readonly StoredRecord[]; readonly next: string | undefined }>;
  };

  close(): Promise<void>;
}

export interface StoredFlow {
  readonly key: string;
  readonly sealed: Uint8Array;
}

export interface RecordQuery {
  /** At least one character. */
  readonly prefix: string;
  /** The last page's `next`, or any other name: what comes after it is listed. */
  readonly after?: string | undefined;
  /** From the last name to the first. */
  readonly backwards?: boolean | undefined;
  /** 1 to 1000. */
  readonly limit: number;
}

export interface StoredRecord {
  readonly name: string;
  readonly value: Uint8Array;
}

export type GrantState = "active" | "needs_reauthorization";

/** What a writer gives; the rest of a row is the store's own. */
export interface GrantPayload {
  /** Random; each connect gives a connection a new one. */
  readonly grantId: string;
  /** Counts sealed payloads of this connection; set by the writer before sealing. */
  readonly version: number;
  readonly sealed: Uint8Array;
  readonly state: GrantState;
  /** When a refresh is due that keeps the grant alive, by the keeper's clock; `undefined`: never. */
  readonly dueAt: number | undefined;
  /** Keyed hash of owner, connector, params and account: no two rows share one. */
  readonly identityHash: string;
  /** Keyed hash of connector and account, over all owners. */
  readonly accountHash: string;
  /**
   * Keyed hashes of what keeps the token sets alive: of each its refresh token, or its access token where it has none. At
   * most 16. They tell whether another row holds the same token.
   */
  readonly tokenHashes: readonly string[];
}

export interface NewGrantRow extends GrantPayload {
  readonly connectionId: string;
  readonly connector: string;
  readonly ownerHash: string;
  /** The connection's data key, wrapped by a key of the configuration. Only `rewrap` changes it. */
  readonly wrappedKey: Uint8Array;
}

/** What was about to be sent when a lease was taken: it tells a successor what may have been spent. */
export interface RefreshIntent {
  readonly attemptId: string;
  readonly tokenSet: string;
  /** Keyed hash of the refresh token. */
  readonly refreshTokenHash: string;
}

export interface OpenIntent extends RefreshIntent {
  readonly at: number;
}

export interface GrantRow extends NewGrantRow {
  readonly fence: number;
  readonly lease: { readonly holder: string; readonly until: number } | undefined;
  /** At most one for each token set: refresh tokens that were about to be sent and whose answer was not yet saved. */
  readonly intents: readonly OpenIntent[];
  readonly createdAt: number;
  readonly updatedAt: number;
  /** The store's clock when this row was read. */
  readonly readAt: number;
}

export interface LeaseRequest {
  readonly connectionId: string;
  readonly grantId: string;
  readonly version: number;
  readonly fence: number;
  /** Names the one that takes it: random for each try. */
  readonly holder: string;
  readonly durationMs: number;
  readonly intent: RefreshIntent | undefined;
}

export type LeaseOutcome =
  /** `row` is as the caller read it, but for the fence: its intents are those that predecessors left. */
  | { readonly kind: "leased"; readonly lease: LeaseKey; readonly row: GrantRow }
  /** Another holds it, for `remainingMs` at most. */
  | { readonly kind: "held"; readonly remainingMs: number }
  /** Grant id, version or fence are no longer as read. */
  | { readonly kind: "moved"; readonly row: GrantRow }
  | { readonly kind: "absent" };

export interface LeaseKey {
  readonly connectionId: string;
  readonly holder: string;
  readonly fence: number;
}

export interface ReleaseRequest {
  readonly lease: LeaseKey;
  readonly intents?: readonly OpenIntent[] | undefined;
}

export interface CommitCondition {
  readonly connectionId: string;
  readonly grantId: string;
  readonly version: number;
  readonly fence: number;
}

export interface RewrapRequest {
  readonly connectionId: string;
  readonly grantId: string;
  /** As read, byte for byte. */
  readonly expected: Uint8Array;
  readonly wrappedKey: Uint8Array;
}

export interface ClaimRequest {
  /** Rows with a `dueAt` up to this one, in Unix milliseconds. */
  readonly dueUntil: number;
  /** Names the one that claims: random for each page. */
  readonly holder: string;
  readonly durationMs: number;
  readonly after?: string | undefined;
  /** 1 to 1000. */
  readonly limit: number;
}

export interface ClaimedRow {
  readonly lease: LeaseKey;
  /** As it is now, its lease included. */
  readonly row: GrantRow;
}

export interface GrantCommit {
  readonly expected: CommitCondition;
  readonly payload: GrantPayload;
  readonly clearIntents: readonly string[];
}

export interface ListQuery {
  readonly ownerHash?: string | undefined;
  readonly accountHash?: string | undefined;
  /** Rows among whose `tokenHashes` it is. */
  readonly tokenHash?: string | undefined;
  readonly connector?: string | undefined;
  readonly state?: GrantState | undefined;
  readonly after?: string | undefined;
  /** 1 to 1000. */
  readonly limit: number;
}
