import type { Store } from "@grantkeeper/core/store";
import { leaseOf, newPayload, newRow } from "./rows.ts";

/** Starts whatever a store can be asked. */
export function everyOperation(store: Store): readonly Promise<unknown>[] {
  const row = newRow();
  const { connectionId, grantId, wrappedKey } = row;
  const expected = { connectionId, grantId, version: 1, fence: 0 };
  const lease = { connectionId, holder: "holder", fence: 1 };
  return [
    store.migrate(),
    store.get(connectionId),
    store.insert(row),
    store.lease(leaseOf(expected)),
    store.release({ lease }),
    store.commit({ expected, payload: newPayload(2), clearIntents: [] }),
    store.delete(expected),
    store.rewrap({ connectionId, grantId, expected: wrappedKey, wrappedKey }),
    store.claimDue({ dueUntil: 1, holder: "holder", durationMs: 1_000, limit: 10 }),
    store.list({ limit: 10 }),
    store.flows.put("flow", Uint8Array.of(1), 1000),
    store.flows.take("flow"),
    store.flows.list({ limit: 10 }),
    store.records.get("name"),
    store.records.list({ prefix: "s", limit: 1 }),
    store.records.compareAndSet("name", undefined, Uint8Array.of(1)),
  ];
}
