import { causeWithoutSecrets, GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Store } from "./port.ts";

/** Makes whatever a store rejects with a `store_unavailable`, so that callers know what may be tried again. */
export function withStoreErrors(store: Store, now: () => number): Store {
  function guarded<Arguments extends readonly unknown[], Result>(
    operation: (...given: Arguments) => Promise<Result>,
  ): (...given: Arguments) => Promise<Result> {
    return async (...given) => {
      try {
        return await operation(...given);
      } catch (error) {
        if (isGrantkeeperError(error)) throw error;
        throw new GrantkeeperError("store_unavailable", "The store failed.", {
          cause: causeWithoutSecrets(error),
          retryAt: new Date(now() + 1_000),
        });
      }
    };
  }
  return {
    scope: store.scope,
    kind: store.kind,
    migrate: guarded(() => store.migrate()),
    get: guarded((id) => store.get(id)),
    insert: guarded((row) => store.insert(row)),
    lease: guarded((request) => store.lease(request)),
    release: guarded((request) => store.release(request)),
    commit: guarded((commit) => store.commit(commit)),
    delete: guarded((condition) => store.delete(condition)),
    rewrap: guarded((request) => store.rewrap(request)),
    claimDue: guarded((request) => store.claimDue(request)),
    list: guarded((query) => store.list(query)),
    flows: {
      put: guarded((key, sealed, ttlMs) => store.flows.put(key, sealed, ttlMs)),
      take: guarded((key) => store.flows.take(key)),
      list: guarded((page) => store.flows.list(page)),
    },
    records: {
      get: guarded((name) => store.records.get(name)),
      compareAndSet: guarded((name, expected, value) => store.records.compareAndSet(name, expected, value)),
      list: guarded((query) => store.records.list(query)),
    },
    close: guarded(() => store.close()),
  };
}
