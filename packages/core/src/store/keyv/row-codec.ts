import type { GrantRow } from "../port.ts";

/** A row as JSON holds it: bytes in base64url, no `undefined`. */
type StoredRow = Omit<GrantRow, "sealed" | "wrappedKey" | "readAt" | "lease" | "dueAt"> & {
  readonly sealed: string;
  readonly wrappedKey: string;
  readonly lease?: GrantRow["lease"];
  readonly dueAt?: number;
};

/** A row as one string: Keyv goes through all that lies in an object, with each reading. */
export function encodeRow({ readAt: _, sealed, wrappedKey, lease, dueAt, ...row }: GrantRow): string {
  const stored: StoredRow = {
    ...row,
    sealed: Buffer.from(sealed).toString("base64url"),
    wrappedKey: Buffer.from(wrappedKey).toString("base64url"),
    ...(lease === undefined ? {} : { lease }),
    ...(dueAt === undefined ? {} : { dueAt }),
  };
  return JSON.stringify(stored);
}

export function decodeRow(encoded: string, readAt: number): GrantRow {
  const { sealed, wrappedKey, lease, dueAt, ...row } = JSON.parse(encoded) as StoredRow;
  return {
    ...row,
    sealed: Buffer.from(sealed, "base64url"),
    wrappedKey: Buffer.from(wrappedKey, "base64url"),
    lease,
    dueAt,
    readAt,
  };
}
