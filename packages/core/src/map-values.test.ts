import fc from "fast-check";
import { expect, test } from "vitest";
import { mapValues } from "./map-values.ts";

test("gives each name what is made of its value, whatever the name", () => {
  const name = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "toString", "0"));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.nat())), (entries) => {
      const from = Object.fromEntries(entries);
      const mapped = mapValues(from, (value, key) => `${key} ${value}`);
      const expected = Object.entries(from).map(([key, value]) => [key, `${key} ${value}`]);
      expect(Object.entries(mapped)).toEqual(expected);
      expect(Object.getPrototypeOf(mapped)).toBe(Object.prototype);
    }),
  );
});

test("leaves out what nothing is made of", () => {
  const mapped = mapValues({ a: 1, b: 2, c: 0 }, (value) => (value === 2 ? undefined : value));
  expect(mapped).toEqual({ a: 1, c: 0 });
  expect(Object.keys(mapped)).toEqual(["a", "c"]);
});
