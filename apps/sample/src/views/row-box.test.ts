import { expect, test } from "vitest";
import { literal } from "./row-box.ts";

test.each([
  [7, "7"],
  [null, "NULL"],
  ["con_example", "con_example"],
  [Uint8Array.of(0x47, 0x4b, 1), "x'474b01'"],
])("%j is shown as SQL writes it", (value, shown) => {
  expect(literal(value)).toBe(shown);
});

test("long values are cut, and say by how much", () => {
  expect(literal("a".repeat(64))).toBe("a".repeat(64));
  expect(literal(`${"a".repeat(64)}bc`)).toBe(`${"a".repeat(64)} … and 2 more characters`);
  expect(literal(new Uint8Array(34))).toBe(`x'${"00".repeat(32)}' … and 2 more bytes`);
});
