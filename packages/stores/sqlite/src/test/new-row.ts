import type { NewGrantRow } from "@grantkeeper/core/store";

export function newRow(connectionId: string, change: Partial<NewGrantRow> = {}): NewGrantRow {
  return {
    connectionId,
    connector: "example",
    ownerHash: `owner-${connectionId}`,
    wrappedKey: Uint8Array.of(7, 0, 255),
    grantId: `grant-${connectionId}`,
    version: 1,
    sealed: Buffer.from("0"),
    state: "active",
    dueAt: undefined,
    identityHash: `identity-${connectionId}`,
    accountHash: `account-${connectionId}`,
    tokenHashes: [`token-${connectionId}`],
    ...change,
  };
}
