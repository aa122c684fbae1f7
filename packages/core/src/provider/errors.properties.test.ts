import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { foreignText, unprintable } from "../test/foreign.ts";
import { describe as describeError, printable } from "./errors.ts";

const anyText = fc.oneof(foreignText, fc.string({ unit: "binary", maxLength: 3_000 }));

describe("printable", () => {
  test("R55 is one line in one direction, and text that UTF-8 can carry, whatever comes", () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 1, max: 3_000 }), (text, maximumLength) => {
        const line = printable(text, maximumLength);
        expect(line).not.toMatch(unprintable);
        expect(line.length).toBeLessThanOrEqual(maximumLength + 1);
        expect(printable(line, maximumLength + 1)).toBe(line);
      }),
      { numRuns: 1_000 },
    );
  });

  test("R54 shows no run of a secret, wherever in a text of any length it stands", () => {
    const secret = fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .chain((bytes) =>
        fc.constantFrom<BufferEncoding>("base64url", "base64", "hex").map((name) => Buffer.from(bytes).toString(name)),
      );
    const around = fc.oneof(
      fc.string({ unit: fc.constantFrom(..."a \r\n\"'(,:\u202e\ud800"), maxLength: 60 }),
      fc.integer({ min: 1_900, max: 2_010 }).map((length) => "a ".repeat(length / 2).padEnd(length, "(")),
    );
    fc.assert(
      fc.property(secret, around, around, (token, before, after) => {
        const line = printable(`${before}"${token}"${after}`, 10_000);
        for (let from = 0; from + 6 <= token.length; from++) expect(line).not.toContain(token.slice(from, from + 6));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("describe", () => {
  test("R12 R55 writes any error of a provider as one short line", () => {
    fc.assert(
      fc.property(anyText, fc.option(anyText, { nil: undefined }), (error, description) => {
        const line = describeError(description === undefined ? { error } : { error, errorDescription: description });
        expect(line).not.toMatch(unprintable);
        expect(line.length).toBeLessThanOrEqual(64 + 3 + 201);
      }),
      { numRuns: 1_000 },
    );
  });
});
