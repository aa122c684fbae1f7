import type { NewGrantRow } from "@grantkeeper/core/store";

export function newRow(connectionId: string, change: Partial<NewGrantRow> = {}): NewGrantRow {
  return {
    connectionId,
    connector: "example",
    ownerHash: `owner-${connectionId}`,
    grantId: `grant-${connectionId}`,
    version: 1,
    sealed: Buffer.from("0"),
    state: "active",
    identityHash: `identity-${connectionId}`,
    accountHash: `account-${connectionId}`,
    tokenHashes: [`token-${connectionId}`],
    ...change,
  };
}
