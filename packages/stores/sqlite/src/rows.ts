import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import type { GrantRow, GrantState, OpenIntent } from "@grantkeeper/core/store";

export type Columns = Record<string, SQLOutputValue>;

/** The columns of a row as they are selected. */
export function rowColumns(database: DatabaseSync): string {
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

/** Selects a text of others. It is read as bytes where Node ends a text at its first NUL, as Node 22 does. */
export function textColumns(database: DatabaseSync): (name: string) => string {
  const { sample } = database.prepare("SELECT char(97, 0, 98) AS sample").get() ?? {};
  return sample === "a\0b" ? (name) => name : (name) => `CAST(${name} AS BLOB) AS ${name}`;
}

export function decodeRow(columns: Columns, readAt: number): GrantRow {
  return {
    connectionId: text(columns, "connection_id"),
    connector: text(columns, "connector"),
    ownerHash: text(columns, "owner_hash"),
    grantId: text(columns, "grant_id"),
    version: integer(columns, "version"),
    sealed: bytes(columns, "sealed"),
    wrappedKey: bytes(columns, "wrapped_key"),
    state: stateOf(columns),
    dueAt: columns["due_at"] === null ? undefined : integer(columns, "due_at"),
    identityHash: text(columns, "identity_hash"),
    accountHash: text(columns, "account_hash"),
    tokenHashes: list(columns, "token_hashes") as readonly string[],
    fence: integer(columns, "fence"),
    lease:
      columns["lease_holder"] === null
        ? undefined
        : { holder: text(columns, "lease_holder"), until: integer(columns, "lease_until") },
    intents: intentsOf(columns),
    createdAt: integer(columns, "created_at"),
    updatedAt: integer(columns, "updated_at"),
    readAt,
  };
}

/** Whole milliseconds that a number tells apart: what a writer computed is no reason to refuse what it must save. */
export function wholeMilliseconds(time: number): number {
  return Math.min(Math.max(Math.floor(time), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

export function text(columns: Columns, name: string): string {
  const value = columns[name];
  if (typeof value === "string") return value;
  const { buffer, byteOffset, byteLength } = bytes(columns, name);
  return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
}

export function integer(columns: Columns, name: string): number {
  const value = columns[name];
  if (typeof value !== "number") throw new TypeError(`${name} is no integer`);
  return value;
}

export function bytes(columns: Columns, name: string): Uint8Array {
  const value = columns[name];
  if (!(value instanceof Uint8Array)) throw new TypeError(`${name} holds no bytes`);
  return value;
}

export function intentsOf(columns: Columns): readonly OpenIntent[] {
  return list(columns, "intents") as readonly OpenIntent[];
}

/** JSON that this package has written; it escapes NUL. */
function list(columns: Columns, name: string): readonly unknown[] {
  // As most lists of intents are.
  if (columns[name] === "[]") return [];
  const value: unknown = JSON.parse(String(columns[name]));
  if (!Array.isArray(value)) throw new TypeError(`${name} holds no list`);
  return value;
}

function stateOf({ state }: Columns): GrantState {
  if (state === "active" || state === "needs_reauthorization") return state;
  throw new TypeError("state is unknown");
}
