import fc from "fast-check";
import { expect, test } from "vitest";
import { lengthPrefixed } from "./length-prefixed.ts";

test("puts the length in four bytes before each part", () => {
  expect(lengthPrefixed(["é", Uint8Array.of(7)]).toString("hex")).toBe("00000002c3a9" + "0000000107");
});

test("E2 no two lists of parts give the same bytes", () => {
  const parts = fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\u0000", "\u0001"), maxLength: 3 }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      expect(lengthPrefixed(one).equals(lengthPrefixed(other))).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
    {
      numRuns: 2_000,
      examples: [
        [
          ["ab", "c"],
          ["a", "bc"],
        ],
        [[], [""]],
        [["a"], ["a", ""]],
      ],
    },
  );
});
