import type { CommitCondition, GrantRow, Store } from "@grantkeeper/core/store";

/** Ways in which a store can be wrong: the suite must notice each. */
export type StoreFlaw =
  | "insert replaces"
  | "identity not unique"
  | "lease ignores holder"
  | "lease ignores version"
  | "lease ignores fence"
  | "lease keeps fence"
  | "lease never ends"
  | "lease drops intents"
  | "one intent for all sets"
  | "release by anyone"
  | "release moves fence"
  | "commit ignores fence"
  | "commit ignores version"
  | "commit adds rows"
  | "commit wants a live lease"
  | "commit keeps lease"
  | "commit drops every intent"
  | "commit takes identities"
  | "delete ignores condition"
  | "pages by offset"
  | "filter ignored"
  | "token hashes ignored"
  | "flows stay"
  | "flows never expire"
  | "settings not compared"
  | "bytes shared";

/** A store of plain maps for this package's own tests, with a flaw where one is asked for. */
export function referenceStore(now: () => number, flaw?: StoreFlaw): Store {
  const rows = new Map<string, GrantRow>();
  const flows = new Map<string, { readonly sealed: Uint8Array; readonly until: number }>();
  const settings = new Map<string, Uint8Array>();
  const is = (candidate: StoreFlaw) => candidate === flaw;
  const copy = (bytes: Uint8Array) => (is("bytes shared") ? bytes : Uint8Array.from(bytes));
  const save = (row: GrantRow) => rows.set(row.connectionId, { ...row, sealed: copy(row.sealed) });
  const get = (id: string) => {
    const row = rows.get(id);
    return row && { ...row, sealed: copy(row.sealed), readAt: now() };
  };
  const holderOf = (identityHash: string) => [...rows.values()].find((row) => row.identityHash === identityHash);
  const holds = (row: GrantRow, expected: CommitCondition) =>
    row.grantId === expected.grantId &&
    (is("commit ignores version") || row.version === expected.version) &&
    (is("commit ignores fence") || row.fence === expected.fence) &&
    (!is("commit wants a live lease") || (row.lease?.until ?? 0) > now());

  return {
    scope: "process",
    kind: "memory",
    migrate: async () => {},
    get: async (id) => get(id),
    insert: async (row) => {
      const taken = rows.get(row.connectionId) ?? (is("identity not unique") ? undefined : holderOf(row.identityHash));
      if (taken && !is("insert replaces")) return { inserted: false, connectionId: taken.connectionId };
      const at = now();
      save({ ...row, fence: 0, lease: undefined, intents: [], createdAt: at, updatedAt: at, readAt: at });
      return { inserted: true };
    },
    lease: async ({ connectionId, grantId, version, fence: readFence, holder, durationMs, intent }) => {
      const row = get(connectionId);
      if (!row) return { kind: "absent" };
      const remainingMs = row.lease ? row.lease.until - now() : 0;
      const held = row.lease !== undefined && (remainingMs > 0 || is("lease never ends"));
      if (held && !is("lease ignores holder")) return { kind: "held", remainingMs };
      const moved = row.grantId !== grantId || row.version !== version;
      if (moved && !is("lease ignores version")) return { kind: "moved", row };
      if (row.fence !== readFence && !is("lease ignores fence")) return { kind: "moved", row };
      const fence = is("lease keeps fence") ? row.fence : row.fence + 1;
      const others = row.intents.filter(
        ({ tokenSet }) => tokenSet !== intent?.tokenSet && !is("one intent for all sets"),
      );
      const intents = intent ? [...others, { ...intent, at: now() }] : is("lease drops intents") ? [] : row.intents;
      save({ ...row, fence, intents, lease: { holder, until: now() + durationMs } });
      return { kind: "leased", lease: { connectionId, holder, fence }, row: { ...row, fence } };
    },
    release: async ({ lease, clearIntents }) => {
      const row = get(lease.connectionId);
      const own = row?.lease?.holder === lease.holder && row.fence === lease.fence;
      if (!row || (!own && !is("release by anyone"))) return;
      const intents = row.intents.filter(({ tokenSet }) => !clearIntents.includes(tokenSet));
      save({ ...row, lease: undefined, intents, fence: is("release moves fence") ? row.fence + 1 : row.fence });
    },
    commit: async ({ expected, payload, clearIntents }) => {
      const row = get(expected.connectionId);
      if (!row && is("commit adds rows")) {
        const { connectionId } = expected;
        const at = now();
        const times = { createdAt: at, updatedAt: at, readAt: at };
        save({
          connectionId,
          connector: "",
          ownerHash: "",
          ...payload,
          fence: 0,
          lease: undefined,
          intents: [],
          ...times,
        });
      }
      if (!row || !holds(row, expected)) return "superseded";
      const other = holderOf(payload.identityHash);
      if (other && other.connectionId !== row.connectionId && !is("commit takes identities")) return "identity_taken";
      const left = row.intents.filter(({ tokenSet }) => !clearIntents.includes(tokenSet));
      const intents = is("commit drops every intent") ? [] : left;
      save({ ...row, ...payload, intents, lease: is("commit keeps lease") ? row.lease : undefined, updatedAt: now() });
      return "committed";
    },
    delete: async (expected) => {
      const row = get(expected.connectionId);
      if (!row || (!holds(row, expected) && !is("delete ignores condition"))) return "superseded";
      rows.delete(row.connectionId);
      return "deleted";
    },
    list: async ({ limit, after, ownerHash, accountHash, tokenHash, connector, state }) => {
      const fits = (row: GrantRow) =>
        (ownerHash ?? row.ownerHash) === row.ownerHash &&
        (accountHash ?? row.accountHash) === row.accountHash &&
        (tokenHash === undefined || row.tokenHashes.includes(tokenHash) || is("token hashes ignored")) &&
        (connector ?? row.connector) === row.connector &&
        ((state ?? row.state) === row.state || is("filter ignored"));
      const ids = [...rows.values()]
        .filter(fits)
        .map(({ connectionId }) => connectionId)
        .sort();
      const start = is("pages by offset") ? Number(after ?? 0) : ids.filter((id) => id <= (after ?? "")).length;
      const page = ids.slice(start, start + limit);
      const last = is("pages by offset") ? String(start + page.length) : page.at(-1);
      const found = page.map(get).filter((row) => row !== undefined);
      return { rows: found, next: start + page.length < ids.length ? last : undefined };
    },
    flows: {
      put: async (key, sealed, ttlMs) => {
        flows.set(key, { sealed: copy(sealed), until: now() + ttlMs });
      },
      take: async (key) => {
        const flow = flows.get(key);
        if (!is("flows stay")) flows.delete(key);
        return flow && (flow.until > now() || is("flows never expire")) ? flow.sealed : undefined;
      },
    },
    settings: {
      get: async (name) => settings.get(name),
      compareAndSet: async (name, expected, value) => {
        const present = settings.get(name);
        const same = present && expected ? Buffer.compare(present, expected) === 0 : present === expected;
        if (!same && !is("settings not compared")) return false;
        settings.set(name, copy(value));
        return true;
      },
    },
    close: async () => {},
  };
}
