import type { NewGrantRow, Store } from "../port.ts";

export function newRow(connectionId: string, change: Partial<NewGrantRow> = {}): NewGrantRow {
  return {
    connectionId,
    connector: "example",
    ownerHash: `owner-${connectionId}`,
    wrappedKey: Uint8Array.of(4, 5, 6),
    grantId: `grant-${connectionId}`,
    version: 1,
    sealed: Uint8Array.of(1, 2, 3),
    state: "active",
    dueAt: undefined,
    identityHash: `identity-${connectionId}`,
    accountHash: `account-${connectionId}`,
    tokenHashes: [],
    ...change,
  };
}

/** Every call that reads or writes. */
export function everyOperation(store: Store): readonly (() => Promise<unknown>)[] {
  const expected = { connectionId: "con_1", grantId: "grant-con_1", version: 1, fence: 0 };
  const lease = { connectionId: "con_1", holder: "a", fence: 0 };
  const wrappedKey = Uint8Array.of(4, 5, 6);
  return [
    () => store.get("con_1"),
    () => store.insert(newRow("con_2")),
    () => store.lease({ ...expected, holder: "a", durationMs: 1_000, intent: undefined }),
    () => store.release({ lease }),
    () => store.commit({ expected, payload: newRow("con_1"), clearIntents: [] }),
    () => store.delete(expected),
    () => store.rewrap({ connectionId: "con_1", grantId: "grant-con_1", expected: wrappedKey, wrappedKey }),
    () => store.claimDue({ dueUntil: 1, holder: "a", durationMs: 1_000, limit: 10 }),
    () => store.list({ limit: 10 }),
    () => store.flows.put("f", Uint8Array.of(1), 1_000),
    () => store.flows.take("f"),
    () => store.flows.list({ limit: 10 }),
    () => store.records.get("s"),
    () => store.records.list({ prefix: "s", limit: 1 }),
    () => store.records.compareAndSet("s", undefined, Uint8Array.of(1)),
  ];
}
