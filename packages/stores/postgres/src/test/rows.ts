import { randomBytes } from "node:crypto";
import type { CommitCondition, GrantPayload, GrantRow, LeaseRequest, NewGrantRow } from "@grantkeeper/core/store";

export function random(): string {
  return randomBytes(12).toString("base64url");
}

export function newPayload(version: number, change: Partial<GrantPayload> = {}): GrantPayload {
  return {
    grantId: random(),
    version,
    sealed: randomBytes(64),
    state: "active",
    dueAt: undefined,
    identityHash: random(),
    accountHash: random(),
    tokenHashes: [random()],
    ...change,
  };
}

export function newRow(change: Partial<NewGrantRow> = {}): NewGrantRow {
  return {
    ...{ connectionId: random(), connector: "example", ownerHash: random(), wrappedKey: randomBytes(60) },
    ...newPayload(1),
    ...change,
  };
}

export function conditionOf({ connectionId, grantId, version, fence }: GrantRow): CommitCondition {
  return { connectionId, grantId, version, fence };
}

export function leaseOf(row: CommitCondition, change: Partial<LeaseRequest> = {}): LeaseRequest {
  const { connectionId, grantId, version, fence } = row;
  return { connectionId, grantId, version, fence, holder: random(), durationMs: 60_000, intent: undefined, ...change };
}
