import { randomBytes } from "node:crypto";
import type { GrantPayload, NewGrantRow, RefreshIntent, Store } from "@grantkeeper/core/store";

/** How many rows lie in the store; the work goes from one to the next. */
export const rowCount = 200;

/** A row of the size that a grant of one token set has. */
export function newRow(index: number): NewGrantRow {
  return {
    connectionId: `con_${index}`,
    connector: "acme",
    ownerHash: hash(),
    wrappedKey: randomBytes(120),
    ...newPayload(index, 1),
  };
}

export function newPayload(index: number, version: number): GrantPayload {
  return {
    grantId: `gnt_${index}`,
    version,
    sealed: randomBytes(1_200),
    state: "active",
    dueAt: undefined,
    // What a refresh leaves as it is.
    identityHash: `identity-${String(index).padStart(34, "0")}`,
    accountHash: `account-${String(index).padStart(35, "0")}`,
    tokenHashes: [hash()],
  };
}

export async function fill(store: Store): Promise<void> {
  await store.migrate();
  for (let index = 0; index < rowCount; index++) await store.insert(newRow(index));
}

export function newIntent(attempt: number): RefreshIntent {
  return { attemptId: `att_${attempt}`, tokenSet: "default", refreshTokenHash: hash() };
}

function hash(): string {
  return randomBytes(32).toString("base64url");
}
