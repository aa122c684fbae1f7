import type { GrantRow } from "../port.ts";

/** A row as Keyv's JSON can hold it: bytes in base64url, no `undefined`. */
export type StoredRow = Omit<GrantRow, "sealed" | "wrappedKey" | "readAt" | "lease" | "dueAt"> & {
  readonly sealed: string;
  readonly wrappedKey: string;
  readonly lease?: GrantRow["lease"];
  readonly dueAt?: number;
};

export function encodeRow({ readAt: _, sealed, wrappedKey, lease, dueAt, ...row }: GrantRow): StoredRow {
  return {
    ...row,
    sealed: Buffer.from(sealed).toString("base64url"),
    wrappedKey: Buffer.from(wrappedKey).toString("base64url"),
    ...(lease === undefined ? {} : { lease }),
    ...(dueAt === undefined ? {} : { dueAt }),
  };
}

export function decodeRow(stored: StoredRow, readAt: number): GrantRow {
  return {
    ...stored,
    sealed: Buffer.from(stored.sealed, "base64url"),
    wrappedKey: Buffer.from(stored.wrappedKey, "base64url"),
    lease: stored.lease,
    dueAt: stored.dueAt,
    readAt,
  };
}
