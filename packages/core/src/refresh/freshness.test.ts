import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TokenSet } from "../provider/token-response.ts";
import { secretOf } from "../secret.ts";
import { type Freshness, freshness } from "./freshness.ts";

const second = 1_000;
const hour = 3_600 * second;

/** How good a token of that life is when that much of it is left. */
function atLeft(left: number, life: number, jitter = 0.5, minValidityMs = 0): Freshness {
  return freshness(tokenOf(life), life - left, jitter, minValidityMs);
}

function tokenOf(life: number): TokenSet {
  return { accessToken: secretOf("a"), tokenType: "Bearer", scopes: [], obtainedAt: 0, expiresAt: life };
}

describe("freshness", () => {
  test("a token without an end is fresh", () => {
    const { expiresAt: _, ...endless } = tokenOf(0);
    expect(freshness(endless, Number.MAX_SAFE_INTEGER, 0.5, hour)).toBe("fresh");
  });

  test.each<[string, number, number, Freshness]>([
    ["an hour, 301 s left", hour, 301 * second, "fresh"],
    ["an hour, 300 s left", hour, 300 * second, "aging"],
    ["an hour, 31 s left", hour, 31 * second, "aging"],
    ["an hour, 30 s left", hour, 30 * second, "stale"],
    ["an hour, none left", hour, 0, "stale"],
    ["an hour, gone for long", hour, -hour, "stale"],
    ["100 s, 21 s left", 100 * second, 21 * second, "fresh"],
    ["100 s, 20 s left", 100 * second, 20 * second, "aging"],
    ["100 s, 11 s left", 100 * second, 11 * second, "aging"],
    ["100 s, 10 s left", 100 * second, 10 * second, "stale"],
    ["a day, 301 s left", 24 * hour, 301 * second, "fresh"],
    ["no life", 0, 0, "stale"],
  ])("D8 %s", (_, life, left, expected) => {
    expect(atLeft(left, life)).toBe(expected);
  });

  test.each<[number, number]>([
    [0, 240],
    [0.5, 300],
    [1, 360],
  ])("D8 a jitter of %d begins to refresh %d s before the end of an hour", (jitter, margin) => {
    expect(atLeft(margin * second + 1, hour, jitter)).toBe("fresh");
    expect(atLeft(margin * second, hour, jitter)).toBe("aging");
  });

  test.each<[string, number, number, Freshness]>([
    ["less than is left", 10 * 60 * second, 11 * 60 * second, "fresh"],
    ["as much as is left", 10 * 60 * second, 10 * 60 * second, "stale"],
    ["less than the hard margin", second, 31 * second, "aging"],
    ["more than the whole life, half of it left", 10 * hour, hour / 2, "stale"],
    ["more than the whole life, over half of it left", 10 * hour, hour / 2 + 1, "fresh"],
    ["no number of use", -hour, 31 * second, "aging"],
  ])("a validity of %s is asked for", (_, minValidityMs, left, expected) => {
    expect(atLeft(left, hour, 0.5, minValidityMs)).toBe(expected);
  });

  test("a token with an end before its beginning is stale", () => {
    expect(freshness({ ...tokenOf(0), obtainedAt: hour }, 0, 0.5, hour)).toBe("stale");
  });

  test("D8 never gets better with time, is never used after its end, and is fresh when it is new", () => {
    const rank: Readonly<Record<Freshness, number>> = { fresh: 0, aging: 1, stale: 2 };
    const life = fc.integer({ min: 1, max: 400 * 24 * hour });
    const jitter = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(life, jitter, fc.nat(), fc.nat(2 * hour), fc.nat(2 * hour), (ms, share, valid, one, other) => {
        const [early, late] = one < other ? [one, other] : [other, one];
        const token = tokenOf(ms);
        const before = freshness(token, early, share, valid);
        const after = freshness(token, late, share, valid);
        expect(rank[after]).toBeGreaterThanOrEqual(rank[before]);
        expect(freshness(token, ms, share, valid)).toBe("stale");
        expect(freshness(token, 0, share, valid)).toBe("fresh");
      }),
    );
  });
});
