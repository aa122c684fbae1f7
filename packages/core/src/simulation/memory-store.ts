import { checkLimit, endOfPrefix } from "../store/paging.ts";
import type {
  ClaimedRow,
  ClaimRequest,
  CommitCondition,
  GrantCommit,
  GrantRow,
  LeaseOutcome,
  LeaseRequest,
  ListQuery,
  NewGrantRow,
  RecordQuery,
  ReleaseRequest,
  RewrapRequest,
  Store,
} from "../store/port.ts";

/** What the store protects with, each of which can be taken out to see that it is missed. */
export const storeProtections = ["fence in commit", "grant id in commit", "lease as read", "owner in release"] as const;
export type StoreProtection = (typeof storeProtections)[number];

/** The store port as single steps, each of which is atomic. Rows are values: a change puts another in their place. */
export interface MemoryStore {
  get(connectionId: string): GrantRow | undefined;
  insert(row: NewGrantRow): { readonly inserted: true } | { readonly inserted: false; readonly connectionId: string };
  lease(request: LeaseRequest): LeaseOutcome;
  release(request: ReleaseRequest): void;
  commit(commit: GrantCommit): "committed" | "superseded" | "identity_taken";
  delete(condition: CommitCondition): "deleted" | "superseded";
  rewrap(request: RewrapRequest): "rewrapped" | "moved";
  claimDue(request: ClaimRequest): { readonly claimed: readonly ClaimedRow[]; readonly next: string | undefined };
  list(query: ListQuery): { readonly rows: readonly GrantRow[]; readonly next: string | undefined };
  putFlow(key: string, sealed: Uint8Array, ttlMs: number): void;
  takeFlow(key: string): Uint8Array | undefined;
  listFlows(page: Parameters<Store["flows"]["list"]>[0]): Awaited<ReturnType<Store["flows"]["list"]>>;
  getRecord(name: string): Uint8Array | undefined;
  compareAndSetRecord(name: string, expected: Uint8Array | undefined, value: Uint8Array | undefined): boolean;
  listRecords(query: RecordQuery): Awaited<ReturnType<Store["records"]["list"]>>;
  /** What the rows of a connection have been, the latest last: of these a backup is restored. */
  past(connectionId: string): readonly GrantRow[];
  /** Puts a row in place as it was. */
  restore(row: GrantRow): void;
}

export interface MemoryStoreOptions {
  /** The store's own clock, in Unix milliseconds. */
  readonly now: () => number;
  readonly without?: ReadonlySet<StoreProtection>;
}

const rememberedRows = 16;

export function createMemoryStore({ now, without = new Set() }: MemoryStoreOptions): MemoryStore {
  const rows = new Map<string, GrantRow>();
  const pasts = new Map<string, GrantRow[]>();
  const flows = new Map<string, { readonly sealed: Uint8Array; readonly until: number }>();
  const records = new Map<string, Uint8Array>();
  const protects = (protection: StoreProtection): boolean => !without.has(protection);

  function save(row: GrantRow): void {
    rows.set(row.connectionId, row);
    const past = pasts.get(row.connectionId) ?? [];
    past.push(row);
    if (past.length > rememberedRows) past.shift();
    pasts.set(row.connectionId, past);
  }

  function get(connectionId: string): GrantRow | undefined {
    const row = rows.get(connectionId);
    return row === undefined ? undefined : { ...row, readAt: now() };
  }

  const others = (identityHash: string, connectionId: string): GrantRow | undefined =>
    [...rows.values()].find((row) => row.identityHash === identityHash && row.connectionId !== connectionId);

  const isHeld = ({ lease }: GrantRow): boolean => lease !== undefined && lease.until > now();

  function isAsRead(row: GrantRow, { grantId, version, fence }: Omit<CommitCondition, "connectionId">): boolean {
    return row.grantId === grantId && row.version === version && row.fence === fence;
  }

  function meets(row: GrantRow, { grantId, version, fence }: CommitCondition): boolean {
    return (
      (row.grantId === grantId || !protects("grant id in commit")) &&
      row.version === version &&
      (row.fence === fence || !protects("fence in commit"))
    );
  }

  return {
    get,
    insert(row) {
      const taken = rows.get(row.connectionId) ?? others(row.identityHash, row.connectionId);
      if (taken !== undefined) return { inserted: false, connectionId: taken.connectionId };
      const at = now();
      save({ ...row, fence: 0, lease: undefined, intents: [], createdAt: at, updatedAt: at, readAt: at });
      return { inserted: true };
    },
    lease(request) {
      const { connectionId, holder, durationMs, intent } = request;
      const row = get(connectionId);
      if (row === undefined) return { kind: "absent" };
      if (isHeld(row) && row.lease?.holder !== holder) {
        return { kind: "held", remainingMs: (row.lease?.until ?? 0) - now() };
      }
      if (!isAsRead(row, request) && protects("lease as read")) return { kind: "moved", row };
      const fence = row.fence + 1;
      const intents =
        intent === undefined
          ? row.intents
          : [...row.intents.filter(({ tokenSet }) => tokenSet !== intent.tokenSet), { ...intent, at: now() }];
      save({ ...row, fence, intents, lease: { holder, until: now() + durationMs } });
      return { kind: "leased", lease: { connectionId, holder, fence }, row: { ...row, fence } };
    },
    release({ lease, intents }) {
      const row = rows.get(lease.connectionId);
      if (row === undefined) return;
      const own = row.lease?.holder === lease.holder && row.fence === lease.fence;
      if (!own && protects("owner in release")) return;
      save({ ...row, lease: undefined, intents: intents ?? row.intents });
    },
    commit({ expected, payload, clearIntents }) {
      const row = rows.get(expected.connectionId);
      if (row === undefined || !meets(row, expected)) return "superseded";
      if (others(payload.identityHash, row.connectionId) !== undefined) return "identity_taken";
      const { grantId, version, sealed, state, dueAt, identityHash, accountHash, tokenHashes } = payload;
      const intents = row.intents.filter(({ tokenSet }) => !clearIntents.includes(tokenSet));
      const written = { grantId, version, sealed, state, dueAt, identityHash, accountHash, tokenHashes };
      save({ ...row, ...written, intents, lease: undefined, updatedAt: now() });
      return "committed";
    },
    delete(condition) {
      const row = rows.get(condition.connectionId);
      if (row === undefined || !meets(row, condition)) return "superseded";
      rows.delete(row.connectionId);
      return "deleted";
    },
    rewrap({ connectionId, grantId, expected, wrappedKey }) {
      const row = rows.get(connectionId);
      if (row?.grantId !== grantId || Buffer.compare(row.wrappedKey, expected) !== 0) return "moved";
      save({ ...row, wrappedKey });
      return "rewrapped";
    },
    claimDue({ dueUntil, holder, durationMs, after, limit }) {
      const due = [...rows.values()]
        .filter((row) => row.dueAt !== undefined && row.dueAt <= dueUntil && !isHeld(row))
        .map((row) => ({ row, place: placeOf(row) }))
        .filter(({ place }) => after === undefined || place > after)
        .sort((one, other) => (one.place < other.place ? -1 : 1));
      const page = due.slice(0, limit);
      const claimed = page.map(({ row }) => {
        const fence = row.fence + 1;
        const leased = { ...row, fence, lease: { holder, until: now() + durationMs } };
        save(leased);
        return { lease: { connectionId: row.connectionId, holder, fence }, row: { ...leased, readAt: now() } };
      });
      return { claimed, next: due.length > page.length ? page.at(-1)?.place : undefined };
    },
    list({ ownerHash, accountHash, tokenHash, connector, state, after = "", limit }) {
      const found = [...rows.values()]
        .filter(
          (row) =>
            (ownerHash === undefined || row.ownerHash === ownerHash) &&
            (accountHash === undefined || row.accountHash === accountHash) &&
            (tokenHash === undefined || row.tokenHashes.includes(tokenHash)) &&
            (connector === undefined || row.connector === connector) &&
            (state === undefined || row.state === state) &&
            row.connectionId > after,
        )
        .sort((one, other) => (one.connectionId < other.connectionId ? -1 : 1));
      const page = found.slice(0, limit).map((row) => ({ ...row, readAt: now() }));
      return { rows: page, next: found.length > page.length ? page.at(-1)?.connectionId : undefined };
    },
    putFlow: (key, sealed, ttlMs) => void flows.set(key, { sealed, until: now() + ttlMs }),
    takeFlow(key) {
      const flow = flows.get(key);
      flows.delete(key);
      return flow !== undefined && flow.until > now() ? flow.sealed : undefined;
    },
    listFlows({ after = "", limit }) {
      const keys = [...flows].flatMap(([key, { until }]) => (until > now() && key > after ? [key] : [])).sort();
      const page = keys.slice(0, limit).map((key) => ({ key, sealed: flows.get(key)?.sealed ?? new Uint8Array(0) }));
      return { flows: page, next: keys.length > limit ? page.at(-1)?.key : undefined };
    },
    getRecord: (name) => records.get(name),
    compareAndSetRecord(name, expected, value) {
      const present = records.get(name);
      const same =
        present === undefined || expected === undefined
          ? present === expected
          : Buffer.compare(present, expected) === 0;
      if (same && value === undefined) records.delete(name);
      if (same && value !== undefined) records.set(name, value);
      return same;
    },
    listRecords({ prefix, after, backwards = false, limit }) {
      checkLimit(limit);
      endOfPrefix(prefix);
      const isNext = (name: string): boolean => after === undefined || (backwards ? name < after : name > after);
      const names = [...records.keys()].filter((name) => name.startsWith(prefix) && isNext(name)).sort();
      const page = (backwards ? names.reverse() : names)
        .slice(0, limit)
        .map((name) => ({ name, value: records.get(name) ?? new Uint8Array(0) }));
      return { records: page, next: names.length > limit ? page.at(-1)?.name : undefined };
    },
    past: (connectionId) => pasts.get(connectionId) ?? [],
    restore: save,
  };
}

/** Sorts by when a row is due, and then by its id. */
function placeOf({ dueAt = 0, connectionId }: GrantRow): string {
  return `${String(dueAt).padStart(16, "0")}:${connectionId}`;
}
