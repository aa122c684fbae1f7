import type { GrantRow, Store } from "../store/port.ts";
import type { MemoryStore } from "./memory-store.ts";
import type { Operation } from "./plan.ts";

/** Carries one operation to the store and its answer back. */
export type Carry = <Answer>(operation: Operation, act: () => Answer) => Promise<Answer>;

/** The store as a process sees it: each operation is a message, and bytes on the way are copies. */
export function storePort(store: MemoryStore, carry: Carry): Store {
  return {
    scope: "shared",
    kind: "simulated",
    migrate: () => carry("migrate", () => undefined),
    get: (connectionId) =>
      carry("get", () => {
        const row = store.get(connectionId);
        return row && copyOf(row);
      }),
    insert: (row) => carry("insert", () => store.insert(copyOf(row))),
    lease: (request) =>
      carry("lease", () => {
        const outcome = store.lease(request);
        return "row" in outcome ? { ...outcome, row: copyOf(outcome.row) } : outcome;
      }),
    release: (request) => carry("release", () => store.release(request)),
    commit: (commit) => {
      const payload = { ...commit.payload, sealed: new Uint8Array(commit.payload.sealed) };
      return carry("commit", () => store.commit({ ...commit, payload }));
    },
    delete: (condition) => carry("delete", () => store.delete(condition)),
    rewrap: (request) => {
      const wrappedKey = new Uint8Array(request.wrappedKey);
      return carry("rewrap", () => store.rewrap({ ...request, wrappedKey }));
    },
    claimDue: (request) =>
      carry("claimDue", () => {
        const { claimed, next } = store.claimDue(request);
        return { claimed: claimed.map(({ lease, row }) => ({ lease, row: copyOf(row) })), next };
      }),
    list: (query) =>
      carry("list", () => {
        const { rows, next } = store.list(query);
        return { rows: rows.map(copyOf), next };
      }),
    flows: {
      put: (key, sealed, ttlMs) => carry("flows", () => store.putFlow(key, new Uint8Array(sealed), ttlMs)),
      take: (key) => carry("flows", () => store.takeFlow(key)),
      list: (page) => carry("flows", () => store.listFlows(page)),
    },
    records: {
      get: (name) => carry("records", () => store.getRecord(name)),
      compareAndSet: (name, expected, value) =>
        carry("records", () => store.compareAndSetRecord(name, expected, value && new Uint8Array(value))),
      list: (query) => carry("records", () => store.listRecords(query)),
    },
    close: async () => undefined,
  };
}

function copyOf<Row extends Pick<GrantRow, "sealed" | "wrappedKey">>(row: Row): Row {
  return { ...row, sealed: new Uint8Array(row.sealed), wrappedKey: new Uint8Array(row.wrappedKey) };
}
