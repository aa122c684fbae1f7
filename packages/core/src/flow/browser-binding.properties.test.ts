import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectNoPollution } from "../test/foreign.ts";
import { createBrowserBinding } from "./browser-binding.ts";

const binding = createBrowserBinding(new URL("https://app.example.com/connect"));
const name = "__Host-grantkeeper";
const value = fc.stringMatching(/^[\w-]{43}$/);
const space = fc.constantFrom("", " ", "\t", "  ");
const otherText = fc.string({ unit: fc.constantFrom(..."abAB019=\"'\\%,/ \t{}"), maxLength: 50 });
/** Whatever other programs on the host have set: none has our name. */
const other = fc
  .tuple(fc.constantFrom("a", "grantkeeper", "__host-grantkeeper", "x__Host-grantkeeper", "__proto__", ""), otherText)
  .map(([key, text]) => `${key}=${text}`);

function read(cookie: string): string | undefined {
  return binding.read({ get: () => cookie });
}

describe("read", () => {
  test("R4 finds its one cookie among any others, however they are spaced", () => {
    fc.assert(
      fc.property(fc.array(other), value, fc.array(other), space, (before, own, after, gap) => {
        expect(read([...before, `${name}=${own}`, ...after].join(`${gap};${gap}`))).toBe(own);
      }),
    );
  });

  test("R4 of two of its name, it takes neither", () => {
    fc.assert(
      fc.property(fc.array(other), value, fc.oneof(value, otherText), fc.array(other), (before, own, second, after) => {
        const pairs = [`${name}=${own}`, ...before, `${name}=${second}`, ...after];
        expect(read(pairs.join("; "))).toBeUndefined();
      }),
    );
  });

  test("R4 R57 gives 256 bits or nothing, whatever a browser sends", () => {
    const piece = fc.oneof(other, otherText, fc.constantFrom(name, `${name}=`, ";", "=", ";;"), value);
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const found = read(pieces.join(""));
        if (found !== undefined) expect(found).toMatch(/^[\w-]{43}$/);
        expectNoPollution();
      }),
    );
    expect(binding.read(undefined)).toBeUndefined();
    expect(binding.read(new Headers())).toBeUndefined();
  });
});
