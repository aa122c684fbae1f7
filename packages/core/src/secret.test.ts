import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromSealed, isSecret, type Secret, sameSecret, secretOf, secretOrNone, toSealable } from "./secret.ts";
import { plain } from "./test/plain.ts";

const marked = "marked-secret-2f9c";

describe("a secret", () => {
  const secret = secretOf(marked);

  test.each<[string, (value: unknown) => unknown]>([
    ["a template", (value) => `${value}`],
    ["String", String],
    ["a list that is joined", (value) => [value].join()],
    ["JSON", (value) => JSON.stringify({ value, list: [value] })],
    ["inspect", (value) => inspect(value)],
    ["inspect of what is hidden", (value) => inspect({ deep: { value } }, { showHidden: true, depth: 9 })],
    [
      "inspect without its own way of showing it",
      (value) => inspect(value, { customInspect: false, showHidden: true }),
    ],
    ["an error's message", (value) => inspect(new Error(`no ${value}`, { cause: value }))],
    ["its keys and values", (value) => inspect(Object.entries(value as object))],
    ["a copy", (value) => inspect({ ...(value as object) }, { showHidden: true })],
  ])("R54 is not shown by %s", (_, show) => {
    expect(show(secret)).not.toContain(marked);
  });

  test("R54 is neither cloned nor sent to another thread", () => {
    expect(() => structuredClone(secret)).toThrow("could not be cloned");
  });

  test("is revealed to who asks for it, and cannot be changed", () => {
    expect(secret.reveal()).toBe(marked);
    expect(() => Object.assign(secret, { reveal: () => "other" })).toThrow(TypeError);
  });

  test("is told from what only looks like one", () => {
    expect([secret, { ...secret }, { reveal: () => "x" }, marked, null, undefined].map(isSecret)).toEqual([
      true,
      ...Array.from({ length: 5 }, () => false),
    ]);
  });
});

test("two secrets are the same by what they hold", () => {
  expect(sameSecret(secretOf("a"), secretOf("a"))).toBe(true);
  expect(sameSecret(secretOf("a"), secretOf("b"))).toBe(false);
  expect(sameSecret(secretOf(""), undefined)).toBe(false);
  expect(sameSecret(undefined, secretOrNone(undefined))).toBe(true);
});

describe("what is sealed", () => {
  interface Holder {
    readonly secret: Secret;
    readonly none?: Secret;
    readonly lists: readonly (readonly Secret[])[];
    readonly metadata: { readonly accessToken: string };
  }

  test("holds each secret as it is, and all else as JSON has it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.jsonValue(), (one, two, other) => {
        const value = { secret: secretOf(one), lists: [[secretOf(two)], []], other };
        expect(plain(value)).toEqual(JSON.parse(JSON.stringify({ secret: one, lists: [[two], []], other })));
      }),
    );
  });

  test("is read from a view into a larger buffer", () => {
    const holder: Holder = { secret: secretOf(marked), lists: [], metadata: { accessToken: "the application's own" } };
    const bytes = Buffer.concat([Buffer.from("{{"), toSealable(holder), Buffer.from("}}")]).subarray(2, -2);
    expect(fromSealed<Holder>(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))).toEqual({
      secret: marked,
      lists: [],
      metadata: { accessToken: "the application's own" },
    });
  });
});
