import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type {
  CommitCondition,
  GrantCommit,
  GrantPayload,
  GrantRow,
  LeaseKey,
  LeaseRequest,
  NewGrantRow,
  RefreshIntent,
  Store,
} from "@grantkeeper/core/store";

/** A store for one test. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Moves the store's own clock, in milliseconds. Left out: the suite waits. */
  readonly advance?: (ms: number) => void | Promise<void>;
  /**
   * Makes the store unreachable at once, in the middle of what runs, and returns what brings it back. Needed where
   * `interrupts` is said.
   */
  readonly interrupt?: () => Promise<() => Promise<void>>;
  /** Removes what the test left; the suite has closed the store. */
  readonly dispose: () => Promise<void>;
}

/** Ids that a store must keep as they are. */
export const oddIds: readonly string[] = [
  "'; drop table grants; --",
  '"quoted"',
  "100%_like",
  "back\\slash",
  "a:b:c",
  "sp ace",
  "../up",
  "naïve-ключ-🗝",
  "__proto__",
  "constructor",
  "UPPER",
  "upper",
  "x".repeat(200),
];

export function random(): string {
  return randomBytes(12).toString("base64url");
}

export function newRow(change: Partial<NewGrantRow> = {}): NewGrantRow {
  return {
    connectionId: random(),
    connector: "example",
    ownerHash: random(),
    wrappedKey: randomBytes(60),
    ...payload(1),
    ...change,
  };
}

export function payload(version: number, change: Partial<GrantPayload> = {}): GrantPayload {
  return {
    grantId: random(),
    version,
    sealed: randomBytes(64),
    state: "active",
    dueAt: undefined,
    identityHash: random(),
    accountHash: random(),
    tokenHashes: [random()],
    ...change,
  };
}

/** The payload that follows a row's, as a refresh writes it. */
export function successor(row: GrantPayload): GrantPayload {
  const { grantId, version, identityHash, accountHash } = row;
  return payload(version + 1, { grantId, identityHash, accountHash });
}

export function leaseRequest(row: GrantRow, change: Partial<LeaseRequest> = {}): LeaseRequest {
  const { connectionId, grantId, version, fence } = row;
  return { connectionId, grantId, version, fence, holder: random(), durationMs: 60_000, intent: undefined, ...change };
}

/** Reads a row anew and takes its lease. */
export async function take(
  store: Store,
  { connectionId }: { readonly connectionId: string },
  change: Partial<LeaseRequest> = {},
): Promise<{ readonly lease: LeaseKey; readonly row: GrantRow }> {
  const outcome = await store.lease(leaseRequest(await present(store, connectionId), change));
  assert.equal(outcome.kind, "leased");
  assert.ok(outcome.kind === "leased");
  return outcome;
}

/** Inserts a row and returns it as the store keeps it. */
export async function insert(store: Store, change: Partial<NewGrantRow> = {}): Promise<GrantRow> {
  const row = newRow(change);
  assert.deepEqual(await store.insert(row), { inserted: true });
  return present(store, row.connectionId);
}

export async function present(store: Store, connectionId: string): Promise<GrantRow> {
  const row = await store.get(connectionId);
  assert.ok(row, "the row is there");
  return row;
}

export function condition({ connectionId, grantId, version, fence }: GrantRow): CommitCondition {
  return { connectionId, grantId, version, fence };
}

export function commitOf(expected: CommitCondition, payload: GrantPayload): GrantCommit {
  return { expected, payload, clearIntents: [] };
}

export function newIntent(tokenSet: string): RefreshIntent {
  return { attemptId: random(), tokenSet, refreshTokenHash: random() };
}

/** What a writer gave, out of a row, with its bytes as text so that a Buffer equals a Uint8Array. */
export function written(row: NewGrantRow): unknown {
  const { connectionId, connector, ownerHash, grantId, version, state, dueAt, identityHash, accountHash } = row;
  const tokenHashes = [...row.tokenHashes].sort();
  return {
    ...{ connectionId, connector, ownerHash, grantId, version, state, dueAt, identityHash, accountHash, tokenHashes },
    sealed: hex(row.sealed),
    wrappedKey: hex(row.wrappedKey),
  };
}

/** All of a row but for the time at which it was read. */
export function kept(row: GrantRow): unknown {
  return {
    given: written(row),
    fence: row.fence,
    lease: row.lease && { ...row.lease },
    intents: row.intents.map((intent) => ({ ...intent })),
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}

export function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString("hex");
}
