import { expect } from "vitest";
import { fromSealed, isSecret, type Plain, toSealable } from "../secret.ts";

/** A value with its secrets as strings, to be compared. */
export function plain<Value extends object>(value: Value): Plain<Value> {
  return fromSealed<Value>(toSealable(value));
}

/** Matches the secret that holds this. */
export function holding(value: string): unknown {
  return expect.toSatisfy((given: unknown) => isSecret(given) && given.reveal() === value, `holds "${value}"`);
}
