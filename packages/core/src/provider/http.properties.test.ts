import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { retryAfter } from "./http.ts";

const now = Date.UTC(2026, 10, 23, 12);
const latin1 = fc
  .array(fc.integer({ min: 1, max: 255 }).filter((code) => code !== 10 && code !== 13))
  .map((codes) => String.fromCharCode(...codes));
const value = fc.oneof(
  latin1,
  fc.stringMatching(/^\d{0,20}$/),
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  fc.stringMatching(/^[A-Z][a-z]{2}[ ,:\d+()A-Za-z-]{0,45}$/),
);

describe("retryAfter", () => {
  test("R57 H2 is a date to wait for, whatever one header or several of them say", () => {
    fc.assert(
      fc.property(fc.array(value), fc.integer({ min: 0, max: 1e9 }), (values, fallbackMs) => {
        const at = retryAfter(
          new Headers(values.map((one): [string, string] => ["retry-after", one])),
          now,
          fallbackMs,
        ).getTime();
        expect(at).toBeGreaterThanOrEqual(now);
      }),
      { numRuns: 2_000 },
    );
  });

  test("R58 any number of seconds that it takes is honoured, and a longer text is not looked at", () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.stringMatching(/^\d{10,60}$/), (seconds, tooLong) => {
        expect(retryAfter(new Headers({ "retry-after": `${seconds}` }), now)).toEqual(new Date(now + seconds * 1000));
        expect(retryAfter(new Headers({ "retry-after": tooLong }), now)).toEqual(new Date(now + 5_000));
      }),
    );
  });
});
