import { setImmediate as nextTurn } from "node:timers/promises";
import { GrantkeeperError } from "@grantkeeper/core";
import {
  type CommitCondition,
  checkLimit,
  endOfPrefix,
  type GrantPayload,
  type GrantRow,
  type OpenIntent,
  type Store,
} from "@grantkeeper/core/store";
import type { StoreFlaw } from "./store-flaws.ts";

/** What a reference store keeps: given to another one, that one has it too. */
export interface ReferenceMaps {
  readonly rows: Map<string, GrantRow>;
  readonly flows: Map<string, { readonly sealed: Uint8Array; readonly until: number }>;
  readonly records: Map<string, Uint8Array>;
}

export function emptyMaps(): ReferenceMaps {
  return { rows: new Map(), flows: new Map(), records: new Map() };
}

export interface ReferenceStore {
  readonly store: Store;
  /** Makes the store unreachable, and returns what brings it back. */
  readonly interrupt: () => Promise<() => Promise<void>>;
}

/**
 * A store of plain maps for this package's own tests, with a flaw where one is asked for. What many ask for at once is
 * done one after another, so that an outage can come in between.
 */
export function referenceStore(now: () => number, flaw?: StoreFlaw, maps: ReferenceMaps = emptyMaps()): ReferenceStore {
  const { rows, flows, records } = maps;
  const hidden = new Set<string>();
  let isAway = false;
  let last: { readonly before: GrantRow; readonly after: GrantRow } | undefined;
  let queue = Promise.resolve();

  const is = (candidate: StoreFlaw) => candidate === flaw;
  const copy = (bytes: Uint8Array) => (is("bytes shared") ? bytes : Uint8Array.from(bytes));
  const save = (row: GrantRow) => {
    const wrappedKey = copy(is("wrapped key cut") ? row.wrappedKey.subarray(0, 2048) : row.wrappedKey);
    const dueAt = is("dueAt in seconds") && row.dueAt ? Math.floor(row.dueAt / 1000) * 1000 : row.dueAt;
    rows.set(row.connectionId, { ...row, sealed: copy(row.sealed), wrappedKey, dueAt });
  };
  const get = (id: string) => {
    const row = isAway ? undefined : rows.get(id);
    return row && { ...row, sealed: copy(row.sealed), wrappedKey: copy(row.wrappedKey), readAt: now() };
  };
  const holderOf = (identityHash: string) => [...rows.values()].find((row) => row.identityHash === identityHash);
  const isHeld = ({ lease }: GrantRow) => lease !== undefined && (lease.until > now() || is("lease never ends"));
  const holds = (row: GrantRow, expected: CommitCondition) =>
    (is("commit ignores grant id") || row.grantId === expected.grantId) &&
    (is("commit ignores version") || row.version === expected.version) &&
    (is("commit ignores fence") || row.fence === expected.fence) &&
    (!is("commit wants a live lease") || (row.lease?.until ?? 0) > now());

  function turn(): Promise<void> {
    queue = queue.then(() => nextTurn());
    return queue;
  }

  /** Makes an operation wait for its turn, and fail while the store is away. */
  function remote<Given extends readonly unknown[], Answer>(
    operation: (...given: Given) => Answer | Promise<Answer>,
    whileAway?: (...given: Given) => void,
  ): (...given: Given) => Promise<Answer> {
    return async (...given) => {
      await turn();
      if (isAway) whileAway?.(...given);
      if (isAway && !is("outage looks empty")) {
        throw new GrantkeeperError("store_unavailable", "The store is away.", { retryAt: new Date(now() + 1_000) });
      }
      return operation(...given);
    };
  }

  function leftBy(row: GrantRow, given: readonly OpenIntent[] | undefined): readonly OpenIntent[] {
    if (is("release keeps intents")) return row.intents;
    if (is("release renews intents")) return (given ?? row.intents).map((intent) => ({ ...intent, at: now() }));
    return given ?? (is("release drops intents") ? [] : row.intents);
  }

  function payloadOf(row: GrantRow, payload: GrantPayload): GrantRow {
    const { grantId, version, sealed, state, dueAt, identityHash, accountHash, tokenHashes } = payload;
    const next = { ...row, grantId, version, sealed, state, dueAt, identityHash, accountHash, tokenHashes };
    if (is("commit keeps dueAt")) return { ...next, dueAt: row.dueAt };
    return is("commit replaces the wrapped key") ? { ...next, ...payload } : next;
  }

  const store: Store = {
    scope: "process",
    kind: "memory",
    migrate: async () => {},
    get: remote(get),
    insert: remote((row) => {
      const taken = rows.get(row.connectionId) ?? (is("identity not unique") ? undefined : holderOf(row.identityHash));
      if (taken && !is("insert replaces")) return { inserted: false, connectionId: taken.connectionId };
      const at = now();
      save({ ...row, fence: 0, lease: undefined, intents: [], createdAt: at, updatedAt: at, readAt: at });
      if (is("outage hides what was inserted")) hidden.add(row.connectionId);
      return { inserted: true };
    }),
    lease: remote(({ connectionId, grantId, version, fence: readFence, holder, durationMs, intent }) => {
      const row = get(connectionId);
      if (!row) return { kind: "absent" };
      const isOwn = row.lease?.holder === holder && !is("own lease is held");
      const remainingMs = row.lease ? row.lease.until - now() : 0;
      if (isHeld(row) && !isOwn && !is("lease ignores holder")) return { kind: "held", remainingMs };
      if (row.grantId !== grantId && !is("lease ignores grant id")) return { kind: "moved", row };
      if (row.version !== version && !is("lease ignores version")) return { kind: "moved", row };
      const stale = row.fence !== readFence && !(isOwn && is("own lease ignores fence"));
      if (stale && !is("lease ignores fence")) return { kind: "moved", row };
      const fence = is("lease keeps fence") ? row.fence : row.fence + 1;
      const others = row.intents.filter(
        ({ tokenSet }) => tokenSet !== intent?.tokenSet && !is("one intent for all sets"),
      );
      const intents = intent ? [...others, { ...intent, at: now() }] : is("lease drops intents") ? [] : row.intents;
      const until = isOwn && row.lease && is("own lease keeps its end") ? row.lease.until : now() + durationMs;
      save({ ...row, fence, intents, lease: { holder, until } });
      return { kind: "leased", lease: { connectionId, holder, fence }, row: { ...row, fence } };
    }),
    release: remote(({ lease, intents }) => {
      const row = get(lease.connectionId);
      const own = row?.lease?.holder === lease.holder && row.fence === lease.fence;
      if (!row || (!own && !is("release by anyone"))) return;
      const fence = is("release moves fence") ? row.fence + 1 : row.fence;
      save({ ...row, lease: undefined, intents: leftBy(row, intents), fence });
    }),
    commit: remote(
      ({ expected, payload, clearIntents }) => {
        const { connectionId } = expected;
        const row = get(connectionId);
        if (!row && is("commit adds rows")) {
          const at = now();
          const none = { connector: "", ownerHash: "", wrappedKey: new Uint8Array(), fence: 0, intents: [] };
          save({ connectionId, ...payload, ...none, lease: undefined, createdAt: at, updatedAt: at, readAt: at });
        }
        if (!row || !holds(row, expected)) return "superseded";
        const other = holderOf(payload.identityHash);
        if (other && other.connectionId !== row.connectionId && !is("commit takes identities")) return "identity_taken";
        const left = row.intents.filter(({ tokenSet }) => !clearIntents.includes(tokenSet));
        const intents = is("commit drops every intent") ? [] : left;
        const lease = is("commit keeps lease") ? row.lease : undefined;
        const after = { ...payloadOf(row, payload), intents, lease, updatedAt: now() };
        save(after);
        last = { before: row, after };
        return "committed";
      },
      ({ expected, payload }) => {
        const row = rows.get(expected.connectionId);
        if (!row || !holds(row, expected)) return;
        if (is("outage tears commits")) save({ ...row, sealed: payload.sealed });
        if (is("outage commits all the same")) save({ ...payloadOf(row, payload), lease: undefined });
      },
    ),
    delete: remote((expected) => {
      const row = get(expected.connectionId);
      if (!row || (!holds(row, expected) && !is("delete ignores condition"))) return "superseded";
      rows.delete(row.connectionId);
      return "deleted";
    }),
    rewrap: remote(async ({ connectionId, grantId, expected, wrappedKey }) => {
      const row = get(connectionId);
      if (!row || (row.grantId !== grantId && !is("rewrap ignores grant id"))) return "moved";
      const present = is("rewrap compares beginnings") ? row.wrappedKey.subarray(0, expected.length) : row.wrappedKey;
      if (Buffer.compare(present, expected) !== 0 && !is("rewrap ignores expected")) return "moved";
      if (is("rewrap undoes commits")) await turn();
      save({
        ...row,
        wrappedKey,
        version: is("rewrap moves version") ? row.version + 1 : row.version,
        fence: is("rewrap moves fence") ? row.fence + 1 : row.fence,
        updatedAt: is("rewrap moves updatedAt") ? now() : row.updatedAt,
        lease: is("rewrap gives the lease back") ? undefined : row.lease,
      });
      return "rewrapped";
    }),
    claimDue: remote(async ({ dueUntil, holder, durationMs, after, limit }) => {
      const until = is("claim leaves out dueUntil") ? dueUntil - 1 : dueUntil;
      const due = [...rows.values()]
        .filter(({ dueAt }) => dueAt !== undefined || is("claim takes what is never due"))
        .filter(({ dueAt = 0 }) => dueAt <= until || is("claim ignores dueUntil"))
        .map((row) => ({ row, place: placeOf(is("claim ignores the order") ? { ...row, dueAt: 0 } : row) }))
        .sort((one, other) => (one.place < other.place ? -1 : 1))
        .filter(({ place }) => place > (after ?? "") || is("claim ignores after"));
      const firstHeld = due.findIndex(({ row }) => isHeld(row));
      const upToHeld = is("claim ends before held rows") && firstHeld >= 0 ? due.slice(0, firstHeld) : due;
      const free = upToHeld.filter(({ row }) => !isHeld(row) || is("claim ignores leases"));
      const page = is("claim ignores limit") ? free : free.slice(0, limit);
      if (is("claim gives rows twice")) await turn();
      const claimed = page.flatMap(({ row: { connectionId } }) => {
        const row = get(connectionId);
        if (!row) return [];
        const fence = is("claim keeps fence") ? row.fence : row.fence + 1;
        const lease = is("claim takes no lease") ? undefined : { holder, until: now() + durationMs };
        const updatedAt = is("claim moves updatedAt") ? now() : row.updatedAt;
        const leased = { ...row, fence, lease, updatedAt, intents: is("claim drops intents") ? [] : row.intents };
        save(leased);
        return [{ lease: { connectionId, holder, fence }, row: is("claim gives rows as read") ? row : leased }];
      });
      return { claimed, next: page.length < free.length ? page.at(-1)?.place : undefined };
    }),
    list: remote(({ limit, after, ownerHash, accountHash, tokenHash, connector, state }) => {
      const fits = (row: GrantRow) =>
        (ownerHash ?? row.ownerHash) === row.ownerHash &&
        (accountHash ?? row.accountHash) === row.accountHash &&
        (tokenHash === undefined || row.tokenHashes.includes(tokenHash) || is("token hashes ignored")) &&
        (connector ?? row.connector) === row.connector &&
        ((state ?? row.state) === row.state || is("filter ignored"));
      const ids = [...rows.values()]
        .filter(fits)
        .map(({ connectionId }) => connectionId)
        .filter((id) => !hidden.has(id))
        .sort();
      const start = is("pages by offset") ? Number(after ?? 0) : ids.filter((id) => id <= (after ?? "")).length;
      const page = ids.slice(start, start + limit);
      const end = is("pages by offset") ? String(start + page.length) : page.at(-1);
      const found = page.map(get).filter((row) => row !== undefined);
      return { rows: found, next: start + page.length < ids.length ? end : undefined };
    }),
    flows: {
      put: remote((key, sealed, ttlMs) => {
        flows.set(key, { sealed: copy(sealed), until: now() + ttlMs });
      }),
      take: remote((key) => {
        const flow = flows.get(key);
        if (!is("flows stay")) flows.delete(key);
        return flow && (flow.until > now() || is("flows never expire")) ? flow.sealed : undefined;
      }),
      list: remote(({ after = "", limit }) => {
        const lasting = [...flows].filter(([, { until }]) => until > now() || is("flow lists show what has ended"));
        const from = is("flow lists begin anew") ? "" : after;
        const keys = lasting.map(([key]) => key).filter((key) => key > from);
        const page = keys.sort().slice(0, limit);
        const listed = page.map((key) => ({ key, sealed: copy(flows.get(key)?.sealed ?? new Uint8Array(0)) }));
        if (is("flow lists take")) for (const key of page) flows.delete(key);
        return { flows: listed, next: keys.length > limit ? page.at(-1) : undefined };
      }),
    },
    records: {
      get: remote((name) => records.get(name)),
      compareAndSet: remote((name, expected, value) => {
        const present = records.get(name);
        const same = present && expected ? Buffer.compare(present, expected) === 0 : present === expected;
        if (!same && !is("records not compared")) return false;
        if (value === undefined) {
          if (!is("records stay")) records.delete(name);
        } else records.set(name, copy(value));
        return true;
      }),
      list: remote(({ prefix, after, backwards = false, limit }) => {
        checkLimit(limit);
        endOfPrefix(prefix);
        const order = is("record lists go one way") ? false : backwards;
        const isNext = (name: string) => after === undefined || (order ? name < after : name > after);
        const fits = (name: string) => name.startsWith(prefix) || (is("record lists show others") && name > prefix);
        const names = [...records.keys()].filter(
          (name) => fits(name) && (isNext(name) || is("record lists begin anew")),
        );
        names.sort();
        if (order) names.reverse();
        const page = names
          .slice(0, limit)
          .map((name) => ({ name, value: copy(records.get(name) ?? new Uint8Array(0)) }));
        return { records: page, next: names.length > limit ? page.at(-1)?.name : undefined };
      }),
    },
    close: async () => {},
  };

  return {
    store,
    interrupt: async () => {
      isAway = true;
      return async () => {
        isAway = false;
        if (is("outage drops leases")) for (const row of rows.values()) save({ ...row, lease: undefined });
        if (is("outage forgets the last commit") && last) save(last.before);
        if (!is("outage hides what was inserted")) hidden.clear();
      };
    },
  };
}

/** Sorts by when a row is due, and then by its id. */
function placeOf({ dueAt = 0, connectionId }: GrantRow): string {
  return `${BigInt(dueAt) + 2n ** 62n}:${connectionId}`;
}
