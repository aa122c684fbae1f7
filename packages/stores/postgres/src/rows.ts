import type { GrantRow, GrantState, OpenIntent } from "@grantkeeper/core/store";

/** Unix milliseconds of a timestamp, as a text. */
export function milliseconds(timestamp: string): string {
  return `floor(extract(epoch FROM ${timestamp}) * 1000)::bigint::text`;
}

/**
 * A row for {@link decodeRow}. Numbers, arrays and JSON come as texts, because a pool's own type parsers may turn their
 * types into anything.
 */
export function columns(readAt: string): string {
  return `connection_id, connector, owner_hash, identity_hash, account_hash, to_json(token_hashes)::text AS token_hashes,
    grant_id, version::text AS version, state, sealed, wrapped_key, due_at::text AS due_at, fence::text AS fence, lease_holder,
    ${milliseconds("lease_until")} AS lease_until, intents::text AS intents,
    ${milliseconds("created_at")} AS created_at, ${milliseconds("updated_at")} AS updated_at,
    ${milliseconds(readAt)} AS read_at, sequence::text AS sequence`;
}

/** Whole milliseconds that a number tells apart: what a writer computed is no reason to refuse what it must save. */
export function wholeMilliseconds(time: number): number {
  return Math.min(Math.max(Math.floor(time), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

export type Columns = Readonly<Record<string, unknown>>;

export function decodeRow(row: Columns): GrantRow {
  const holder = row["lease_holder"];
  return {
    connectionId: text(row, "connection_id"),
    connector: text(row, "connector"),
    ownerHash: text(row, "owner_hash"),
    identityHash: text(row, "identity_hash"),
    accountHash: text(row, "account_hash"),
    tokenHashes: JSON.parse(text(row, "token_hashes")) as readonly string[],
    grantId: text(row, "grant_id"),
    version: integer(row, "version"),
    state: text(row, "state") as GrantState,
    sealed: bytes(row, "sealed"),
    wrappedKey: bytes(row, "wrapped_key"),
    dueAt: row["due_at"] === null ? undefined : integer(row, "due_at"),
    fence: integer(row, "fence"),
    lease: typeof holder === "string" ? { holder, until: integer(row, "lease_until") } : undefined,
    intents: JSON.parse(text(row, "intents")) as readonly OpenIntent[],
    createdAt: integer(row, "created_at"),
    updatedAt: integer(row, "updated_at"),
    readAt: integer(row, "read_at"),
  };
}

export function text(row: Columns, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new TypeError(`${column} is not a text`);
  return value;
}

export function integer(row: Columns, column: string): number {
  const value = Number(text(row, column));
  if (!Number.isSafeInteger(value)) throw new RangeError(`${column} is not a safe integer`);
  return value;
}

export function bytes(row: Columns, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new TypeError(`${column} is not bytes`);
  return value;
}
