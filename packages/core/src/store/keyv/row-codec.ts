import type { GrantRow } from "../port.ts";

/** A row as Keyv's JSON can hold it: bytes in base64url, no `undefined`. */
export type StoredRow = Omit<GrantRow, "sealed" | "readAt" | "lease"> & {
  readonly sealed: string;
  readonly lease?: GrantRow["lease"];
};

export function encodeRow({ readAt: _, sealed, lease, ...row }: GrantRow): StoredRow {
  return { ...row, sealed: Buffer.from(sealed).toString("base64url"), ...(lease === undefined ? {} : { lease }) };
}

export function decodeRow(stored: StoredRow, readAt: number): GrantRow {
  return { ...stored, sealed: Buffer.from(stored.sealed, "base64url"), lease: stored.lease, readAt };
}
