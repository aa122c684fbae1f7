import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { jitterOf } from "./jitter.ts";

describe("jitterOf", () => {
  test("D8 is the same for one connection, and another for another", () => {
    const id = randomUUID();
    expect(jitterOf(id)).toBe(jitterOf(id));
    expect(jitterOf(id)).not.toBe(jitterOf(randomUUID()));
  });

  test("D8 is 0 to 1 for any id", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (id) => {
        expect(jitterOf(id)).toBeGreaterThanOrEqual(0);
        expect(jitterOf(id)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("D8 spreads a fleet over the whole range", () => {
    const tenths = new Set(Array.from({ length: 1_000 }, () => Math.floor(jitterOf(randomUUID()) * 10)));
    expect(tenths.size).toBe(10);
  });
});
