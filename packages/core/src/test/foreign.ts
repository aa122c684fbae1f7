import fc from "fast-check";
import { expect } from "vitest";
import type { Json, JsonObject } from "../connector/json.ts";

/** Text of every kind that JSON carries: line breaks, control characters, halves of a surrogate pair, other alphabets. */
export const foreignText: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    fc.constantFrom(..."ab1 ,;=\"'\\%&/{}[]\r\n\t\u0000\u001b\u0085\u009b\u2028\u202e\ufeff\ud800\udfff"),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
  maxLength: 40,
});

/** What every object has, and what a careless copy would take for more than a name. */
const inheritedNames = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "length"];

/** As JSON text: numbers that are none elsewhere, and 1e400, which a parser makes infinite. */
const leaf = fc.oneof(
  fc.constantFrom(
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-5",
    "1e308",
    "1e400",
    "-1e400",
    "9007199254740993",
    '""',
    '"1"',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
  foreignText.map((text) => JSON.stringify(text)),
);

/** JSON text whose objects have these names, those of every object's properties, and any others. */
function jsonText(names: readonly string[]): {
  readonly value: fc.Arbitrary<string>;
  readonly object: fc.Arbitrary<string>;
} {
  const name = fc.oneof(
    { arbitrary: fc.constantFrom(...names, ...inheritedNames), weight: 8 },
    { arbitrary: foreignText, weight: 1 },
  );
  return fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
    value: fc.oneof({ maxDepth: 4, depthSize: "small" }, leaf, tie("list"), tie("object")),
    list: fc.array(tie("value"), { maxLength: 5 }).map((values) => `[${values.join(",")}]`),
    object: fc
      .array(fc.tuple(name, tie("value")), { maxLength: 8 })
      .map((entries) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`),
  }));
}

/** What a parser makes of JSON from elsewhere, where these names are looked for. */
export function foreignJson(...names: readonly string[]): fc.Arbitrary<Json> {
  return jsonText(names).value.map((text) => JSON.parse(text) as Json);
}

export function foreignObject(...names: readonly string[]): fc.Arbitrary<JsonObject> {
  return jsonText(names).object.map((text) => JSON.parse(text) as JsonObject);
}

const shared: readonly object[] = [Object.prototype, Array.prototype, Function.prototype, String.prototype];
const before = shared.map((prototype) => Reflect.ownKeys(prototype));

/** No object has got a property that it had not when the tests began, and no value of these another prototype. */
export function expectNoPollution(...values: readonly unknown[]): void {
  expect(shared.map((prototype) => Reflect.ownKeys(prototype))).toEqual(before);
  for (const value of values) {
    if (typeof value !== "object" || value === null) continue;
    expect([Object.prototype, Array.prototype, null]).toContain(Object.getPrototypeOf(value));
  }
}

/** JSON whose one list or object lies in the next, so many levels deep. */
export function nested(levels: number, inner = "1", [open, close]: readonly [string, string] = ["[", "]"]): string {
  return `${open.repeat(levels)}${inner}${close.repeat(levels)}`;
}

/** What may not get from remote text into a line of a log. */
export const unprintable: RegExp = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Surrogate}]/u;
