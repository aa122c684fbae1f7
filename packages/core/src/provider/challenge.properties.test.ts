import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectNoPollution, foreignText, unprintable } from "../test/foreign.ts";
import { parseChallenges, tokenChallenge } from "./challenge.ts";

const tokenCharacter = fc.constantFrom(..."abzAZ019!#$%&'*+-.^_`|~");
const token = fc.oneof(
  fc.string({ unit: tokenCharacter, minLength: 1, maxLength: 8 }),
  fc.constantFrom("Bearer", "DPoP", "error", "scope", "__proto__", "constructor", "toString"),
);
const space = fc.constantFrom("", " ", "\t", "  ");
const comma = fc.constantFrom(",", ", ", " ,\t", ", ,", ",,");
const parameter = fc.record({
  name: token,
  value: fc.oneof(token, foreignText),
  around: fc.tuple(space, space),
  escapes: fc.boolean(),
});
const challenge = fc.record({
  scheme: token,
  token68: fc.option(fc.stringMatching(/^[\w.~+/-]{1,8}={0,2}$/), { nil: undefined }),
  parameters: fc.array(parameter, { maxLength: 4 }),
});

type Parameter = typeof parameter extends fc.Arbitrary<infer Value> ? Value : never;

function write({ name, value, around: [before, after], escapes }: Parameter): string {
  const bare = /^[\w!#$%&'*+.^`|~-]+$/.test(value) && !escapes;
  const quoted = escapes ? value.replace(/[\s\S]/g, "\\$&") : value.replace(/["\\]/g, "\\$&");
  return `${name}${before}=${after}${bare ? value : `"${quoted}"`}`;
}

describe("parseChallenges", () => {
  test("R58 reads back what was written, however it was spaced, quoted and joined", () => {
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 5 }), comma, (written, separator) => {
        const elements = written.flatMap(({ scheme, token68, parameters }) => {
          if (token68 !== undefined) return [`${scheme} ${token68}`];
          const [first, ...others] = parameters.map(write);
          return [first === undefined ? scheme : `${scheme} ${first}`, ...others];
        });
        const read = parseChallenges(elements.join(separator));
        expect(read.map(({ scheme, parameters }) => [scheme, [...parameters]])).toEqual(
          written.map(({ scheme, token68, parameters }) => {
            const expected = new Map<string, string>();
            for (const { name, value } of token68 === undefined ? parameters : []) {
              if (!expected.has(name.toLowerCase())) expected.set(name.toLowerCase(), value);
            }
            return [scheme.toLowerCase(), [...expected]];
          }),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  test("R57 R58 takes any text without throwing, and invents nothing", () => {
    const piece = fc.oneof(foreignText, fc.constantFrom("Bearer ", 'error="', "=", ",", "\\", '"', "DPoP"));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const header = pieces.join("");
        for (const { scheme, parameters } of parseChallenges(header)) {
          expect(scheme).toMatch(/^[\w!#$%&'*+.^`|~-]+$/);
          expect(header.toLowerCase()).toContain(scheme);
          for (const [name, value] of parameters) {
            expect(header.toLowerCase()).toContain(name);
            expect(value.length).toBeLessThanOrEqual(header.length);
          }
        }
        expectNoPollution();
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("tokenChallenge", () => {
  test("R55 R57 what it gives has its type and breaks no line, whatever the header", () => {
    const headerText = fc.string({
      unit: fc.oneof(
        fc.constantFrom(...'Bearer error="max_age=1,scope \\\t\u001b\u0085'),
        fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 1 }),
      ),
    });
    const header = fc.array(
      fc.oneof(
        headerText,
        fc.constantFrom(
          "Bearer ",
          "DPoP ",
          'error="',
          'scope="',
          "max_age=",
          'acr_values="',
          "resource_metadata=",
          '"',
          ", ",
        ),
      ),
    );
    fc.assert(
      fc.property(header, (pieces) => {
        const found = tokenChallenge(new Headers({ "www-authenticate": pieces.join("") }));
        expectNoPollution(found);
        if (found === undefined) return;
        const { error, scope, acrValues, maxAge, resourceMetadata } = found;
        expect([error, ...scope, ...acrValues, resourceMetadata].join("")).not.toMatch(unprintable);
        for (const item of [...scope, ...acrValues]) expect(item).not.toMatch(/\s|^$/);
        expect(maxAge === undefined || (Number.isSafeInteger(maxAge) && maxAge >= 0)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
