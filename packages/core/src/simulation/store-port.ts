import type { Store } from "../store/port.ts";
import type { MemoryStore } from "./memory-store.ts";
import type { Operation } from "./plan.ts";

/** Carries one operation to the store and its answer back. */
export type Carry = <Answer>(operation: Operation, act: () => Answer) => Promise<Answer>;

/** The store as a process sees it: each operation is a message. */
export function storePort(store: MemoryStore, carry: Carry): Store {
  return {
    scope: "shared",
    kind: "simulated",
    migrate: () => carry("migrate", () => undefined),
    get: (connectionId) => carry("get", () => store.get(connectionId)),
    insert: (row) => carry("insert", () => store.insert(row)),
    lease: (request) => carry("lease", () => store.lease(request)),
    release: (request) => carry("release", () => store.release(request)),
    commit: (commit) => carry("commit", () => store.commit(commit)),
    delete: (condition) => carry("delete", () => store.delete(condition)),
    rewrap: (request) => carry("rewrap", () => store.rewrap(request)),
    claimDue: (request) => carry("claimDue", () => store.claimDue(request)),
    list: (query) => carry("list", () => store.list(query)),
    flows: {
      put: (key, sealed, ttlMs) => carry("flows", () => store.putFlow(key, sealed, ttlMs)),
      take: (key) => carry("flows", () => store.takeFlow(key)),
    },
    settings: {
      get: (name) => carry("settings", () => store.getSetting(name)),
      compareAndSet: (name, expected, value) =>
        carry("settings", () => store.compareAndSetSetting(name, expected, value)),
    },
    close: async () => undefined,
  };
}
