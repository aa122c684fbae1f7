import type { DatabaseSync, SQLInputValue, SQLOutputValue } from "node:sqlite";

/** What a row holds, in the order of the columns that were asked for. */
export type Values = readonly SQLOutputValue[];

/** A statement whose rows come as lists: as objects, the names of their columns would cost more than what they hold. */
export interface Query {
  /** The first row. */
  get(...parameters: readonly SQLInputValue[]): Values | undefined;
  all(...parameters: readonly SQLInputValue[]): readonly Values[];
}

export function prepareQuery(database: DatabaseSync, sql: string): Query {
  const statement = database.prepare(sql);
  statement.setReturnArrays(true);
  // The types of Node know rows as objects alone.
  return statement as unknown as Query;
}

/** Selects a text of others. It is read as bytes where Node ends a text at its first NUL, as Node 22 does. */
export function textColumns(database: DatabaseSync): (name: string) => string {
  const [sample] = prepareQuery(database, "SELECT char(97, 0, 98)").get() ?? [];
  return sample === "a\0b" ? (name) => name : (name) => `CAST(${name} AS BLOB) AS ${name}`;
}

type Value = SQLOutputValue | undefined;

export function text(value: Value): string {
  if (typeof value === "string") return value;
  const { buffer, byteOffset, byteLength } = bytes(value);
  return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
}

export function integer(value: Value): number {
  if (typeof value !== "number") throw new TypeError("A column holds no integer.");
  return value;
}

export function bytes(value: Value): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError("A column holds no bytes.");
  return value;
}

/** JSON that this package has written; it escapes NUL. */
export function list(value: Value): readonly unknown[] {
  // As most lists of intents are.
  if (value === "[]") return [];
  const parsed: unknown = JSON.parse(String(value));
  if (!Array.isArray(parsed)) throw new TypeError("A column holds no list.");
  return parsed;
}
