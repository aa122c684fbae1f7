import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type ErrorCode, type GrantkeeperError, isGrantkeeperError, type KeyContext } from "@grantkeeper/core";

/** Calls of a provider that must fail, and the bytes of keys that no failure may show. */
export interface ExpectedFailure {
  readonly code: ErrorCode | readonly ErrorCode[];
  readonly secrets?: readonly Uint8Array[];
}

/** The error that a call fails with: one of the keeper's own, with such a code, that shows none of the secrets. */
export async function failureOf(
  call: () => Promise<unknown>,
  { code, secrets = [] }: ExpectedFailure,
  message?: string,
): Promise<GrantkeeperError> {
  let error: unknown;
  try {
    await call();
  } catch (thrown) {
    error = thrown;
  }
  const about = message === undefined ? "" : `${message}: `;
  assert.ok(error !== undefined, `${about}the call fails`);
  assertShowsNothing(error, secrets);
  assert.ok(isGrantkeeperError(error), `${about}the error is a GrantkeeperError, not ${String(error)}`);
  const codes = typeof code === "string" ? [code] : code;
  assert.ok(codes.includes(error.code), `${about}the code is ${codes.join(" or ")}, not ${error.code}`);
  return error;
}

/** In whatever way an error is written down, nothing of these bytes can be read from it. */
function assertShowsNothing(error: unknown, secrets: readonly Uint8Array[]): void {
  const shown = shownOf(error);
  for (const secret of secrets) {
    for (const part of [secret.subarray(0, partBytes), secret.subarray(-partBytes)]) {
      for (const form of formsOf(part)) assert.ok(!shown.includes(form), "an error shows nothing of a key");
    }
  }
}

// Divisible by three, so that base64 of the whole begins with base64 of the part.
const partBytes = 12;

function formsOf(bytes: Uint8Array): readonly string[] {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString("base64");
  const ofBytes = [buffer, Buffer.from(text)].flatMap((value) => {
    const hex = value.toString("hex");
    return [hex, hex.toUpperCase(), (hex.match(/../g) ?? []).join(" "), [...value].join(",")];
  });
  return [text, buffer.toString("base64url"), ...ofBytes];
}

/** All that a logger or a debugger could make of it, without the spaces between numbers. */
function shownOf(error: unknown): string {
  const whole = { depth: Number.POSITIVE_INFINITY, showHidden: true, maxArrayLength: null, maxStringLength: null };
  const texts = [inspect(error, { ...whole, compact: true, breakLength: Number.POSITIVE_INFINITY })];
  for (let current = error; current instanceof Error; current = current.cause) {
    texts.push(String(current), current.message, current.stack ?? "", JSON.stringify(current));
    texts.push(JSON.stringify(Object.getOwnPropertyDescriptors(current)));
  }
  const text = texts.join("\n");
  return `${text}\n${text.replace(/,\s+/g, ",")}`;
}

export const context: KeyContext = { keyId: "key", version: 1 };

export function sameBytes(actual: Uint8Array, expected: Uint8Array, message: string): void {
  // The bytes themselves are not for the report of a failed test.
  assert.ok(Buffer.from(actual).equals(expected), message);
}
