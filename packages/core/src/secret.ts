import type { Json } from "./connector/json.ts";

/**
 * A string that nobody is shown by chance: in a message, in JSON, in a log's fields and in a debugger's output it is
 * `[secret]`. It cannot be cloned or sent to a worker either.
 */
export interface Secret {
  /** The string. Whoever asks for it answers for where it goes. */
  readonly reveal: () => string;
}

const veiled = "[secret]";
/** The same in every copy of this package that is installed: a connector may bring another one. */
const brand = Symbol.for("grantkeeper.secret");
const veil: object = Object.freeze({
  [brand]: true,
  toString: () => veiled,
  toJSON: () => veiled,
  [Symbol.toPrimitive]: () => veiled,
  // As node:util knows it; connectors take this file along, and import nothing.
  [Symbol.for("nodejs.util.inspect.custom")]: () => veiled,
});

export function secretOf(value: string): Secret {
  return Object.freeze(Object.assign(Object.create(veil) as object, { reveal: () => value }));
}

/** The same for what may be missing. */
export function secretOrNone(value: string | undefined): Secret | undefined {
  return value === undefined ? undefined : secretOf(value);
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === "object" && value !== null && brand in value;
}

/** Whether both hold the same string, or neither is there. Two that are alike are not `===`. */
export function sameSecret(one: Secret | undefined, other: Secret | undefined): boolean {
  return one?.reveal() === other?.reveal();
}

/** A value as JSON gives it back: each secret in it is a string. */
export type Plain<Value> = Value extends Secret
  ? string
  : Value extends Json | undefined
    ? Value
    : Value extends object
      ? { readonly [Key in keyof Value]: Plain<Value[Key]> }
      : Value;

/** JSON of what is sealed next, and the one place where secrets are written out. */
export function toSealable(value: object): Buffer {
  return Buffer.from(JSON.stringify(value, revealing));
}

/** As it was sealed: its reader makes secrets of what were secrets. */
export function fromSealed<Value>(plaintext: Uint8Array): Plain<Value> {
  const { buffer, byteOffset, byteLength } = plaintext;
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString("utf8")) as Plain<Value>;
}

function revealing(this: unknown, key: string, shown: unknown): unknown {
  const value = (this as Readonly<Record<string, unknown>>)[key];
  return isSecret(value) ? value.reveal() : shown;
}
