import type { DatabaseSync } from "node:sqlite";
import type { GrantRow, GrantState, OpenIntent } from "@grantkeeper/core/store";
import { bytes, integer, list, prepareQuery, type Query, text, textColumns, type Values } from "./query.ts";

/** Selects rows of grants for {@link decodeRow}: `rest` is all that follows the columns. */
export function prepareRows(database: DatabaseSync, rest: string): Query {
  return prepareQuery(database, `SELECT ${rowColumns(database)} ${rest}`);
}

function rowColumns(database: DatabaseSync): string {
  const texts = [
    "connection_id",
    "connector",
    "owner_hash",
    "grant_id",
    "identity_hash",
    "account_hash",
    "lease_holder",
  ];
  return [
    "sequence",
    ...texts.map(textColumns(database)),
    ...["version", "sealed", "wrapped_key", "state", "token_hashes", "due_at", "fence", "lease_until", "intents"],
    ...["created_at", "updated_at"],
  ].join(", ");
}

export function decodeRow(values: Values, readAt: number): GrantRow {
  const [
    ,
    connectionId,
    connector,
    ownerHash,
    grantId,
    identityHash,
    accountHash,
    leaseHolder,
    version,
    sealed,
    wrappedKey,
    state,
    tokenHashes,
    dueAt,
    fence,
    leaseUntil,
    intents,
    createdAt,
    updatedAt,
  ] = values;
  return {
    connectionId: text(connectionId),
    connector: text(connector),
    ownerHash: text(ownerHash),
    grantId: text(grantId),
    version: integer(version),
    sealed: bytes(sealed),
    wrappedKey: bytes(wrappedKey),
    state: stateOf(state),
    dueAt: dueAt === null ? undefined : integer(dueAt),
    identityHash: text(identityHash),
    accountHash: text(accountHash),
    tokenHashes: list(tokenHashes) as readonly string[],
    fence: integer(fence),
    lease: leaseHolder === null ? undefined : { holder: text(leaseHolder), until: integer(leaseUntil) },
    intents: intentsOf(intents),
    createdAt: integer(createdAt),
    updatedAt: integer(updatedAt),
    readAt,
  };
}

/** Its number, which no other row has had. */
export function sequenceOf([sequence]: Values): number {
  return integer(sequence);
}

/** Whole milliseconds that a number tells apart: what a writer computed is no reason to refuse what it must save. */
export function wholeMilliseconds(time: number): number {
  return Math.min(Math.max(Math.floor(time), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

export function intentsOf(value: Values[number] | undefined): readonly OpenIntent[] {
  return list(value) as readonly OpenIntent[];
}

function stateOf(value: Values[number] | undefined): GrantState {
  if (value === "active" || value === "needs_reauthorization") return value;
  throw new TypeError("A column holds no state of a grant.");
}
