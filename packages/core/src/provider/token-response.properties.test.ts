import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../connector/json.ts";
import { secretOf } from "../secret.ts";
import { expectNoPollution, foreignJson, foreignObject, foreignText, nested } from "../test/foreign.ts";
import { plain } from "../test/plain.ts";
import { isObject, normaliseTokenResponse, parseBody, splitScopes, toTokenSet } from "./token-response.ts";

const form = "application/x-www-form-urlencoded";
const now = Date.UTC(2026, 10, 23);
const names = [
  "access_token",
  "refresh_token",
  "id_token",
  "token_type",
  "expires_in",
  "expires_at",
  "refresh_token_expires_in",
  "scope",
] as const;
const token = fc.oneof(fc.stringMatching(/^[!-~]{1,20}$/), foreignText);
const lifetime = fc.oneof(fc.integer(), fc.double(), fc.double().map(String), fc.bigInt().map(String), foreignText);
/** Any end between the years 1970 and 9999, in seconds or as a date, and what is none. */
const end = fc.oneof(
  lifetime,
  fc
    .date({ min: new Date(0), max: new Date(Date.UTC(9999, 11, 31)), noInvalidDate: true })
    .map((at) => at.toISOString()),
  fc.constantFrom("2026-13-40T25:61:61Z", "2026-11-26", "2026-11-26T07:00:00", "Thu, 26 Nov 2026 07:00:00 GMT"),
);
const scope = fc.oneof(foreignText, fc.array(fc.oneof(foreignText, foreignJson())));
/** Likely enough to hold usable fields, and anything at all beside them. */
const answer = fc
  .tuple(
    foreignObject(...names),
    fc.record(
      {
        access_token: token,
        refresh_token: token,
        token_type: fc.oneof(fc.constantFrom("bearer", "BEARER", "DPoP", "mac"), foreignText),
        expires_in: lifetime,
        expires_at: end,
        refresh_token_expires_in: lifetime,
        scope,
      },
      { requiredKeys: [] },
    ),
  )
  .map(([foreign, likely]): JsonObject => ({ ...foreign, ...likely }));

function depthOf(value: Json | undefined): number {
  const inner = typeof value === "object" && value !== null ? Object.values(value).map(depthOf) : undefined;
  return inner === undefined ? 0 : 1 + Math.max(0, ...inner);
}

describe("parseBody", () => {
  test("R57 gives what JSON.parse gives, whatever the JSON and its label", () => {
    fc.assert(
      fc.property(
        foreignJson(...names),
        fc.constantFrom(null, form, "text/html", "application/json"),
        (value, type) => {
          const parsed = parseBody(type, JSON.stringify(value));
          expect(parsed).toEqual(JSON.parse(JSON.stringify(value)));
          expectNoPollution(parsed);
        },
      ),
    );
  });

  test("R57 reads any form into texts under names of their own", () => {
    const text = foreignText.filter((one) => one.isWellFormed());
    const name = fc.oneof(text, fc.constantFrom("access_token", "__proto__", "constructor"));
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text), { minLength: 1 }), (entries) => {
        const parsed = parseBody(form, `${new URLSearchParams(entries)}`);
        // A form may happen to be JSON.
        fc.pre(isObject(parsed));
        expect(Object.entries(parsed)).toEqual([...new Map(entries)].sort(byPosition(parsed)));
        expectNoPollution(parsed);
      }),
    );
  });

  test("R57 leaves out what lies deeper than 64 levels, and nothing else", () => {
    const levels = fc.oneof(fc.integer({ min: 0, max: 70 }), fc.integer({ min: 71, max: 2_000 }));
    fc.assert(
      fc.property(
        levels,
        fc.constantFrom(["[", "]"], ['{"a":', "}"], ['[0,{"__proto__":', "}]"]),
        (count, brackets) => {
          const [open = "", close = ""] = brackets;
          const text = nested(count, "1", [open, close]);
          const parsed = parseBody("application/json", text);
          const perPair = open.startsWith("[0") ? 2 : 1;
          if (count * perPair <= 64) expect(JSON.stringify(parsed)).toBe(text);
          else expect(depthOf(parsed)).toBe(64);
          expectNoPollution(parsed);
        },
      ),
    );
  });

  test.each([
    ["lists", nested(100_000)],
    ["objects", nested(100_000, "1", ['{"a":', "}"])],
    ["objects under __proto__", nested(50_000, "1", ['{"__proto__":', "}"])],
    ["lists that fill 1 MiB", nested(512 * 1024, "")],
  ])("R45 R57 a token beside %s in one another is not lost", (_, deep) => {
    const parsed = parseBody(null, `{"deep":${deep},"refresh_token":"r","list":[[1]]}`);
    expect(parsed).toMatchObject({ refresh_token: "r", list: [[1]] });
    expect(depthOf(parsed)).toBe(64);
    expect(() => structuredClone(parsed)).not.toThrow();
    expect(() => JSON.stringify(parsed)).not.toThrow();
    expectNoPollution(parsed);
  });
});

/** Names that are numbers come first in an object. */
function byPosition(object: object): (one: readonly [string, string], other: readonly [string, string]) => number {
  const order = Object.keys(object);
  return ([one], [other]) => order.indexOf(one) - order.indexOf(other);
}

describe("normaliseTokenResponse", () => {
  test("R45 R57 gives fields that hold what they promise, whatever the provider sends", () => {
    fc.assert(
      fc.property(answer, (raw) => {
        const normal = normaliseTokenResponse(raw);
        expectNoPollution(normal);
        expect(Object.keys(normal).filter((name) => !(names as readonly string[]).includes(name))).toEqual([]);
        if (normal.access_token !== undefined) {
          expect(normal.access_token).toMatch(/^[\x21-\x7e]+$/);
          // It is a header that it is sent in.
          const header = `${normal.token_type} ${normal.access_token}`;
          expect(new Headers({ authorization: header }).get("authorization")).toBe(header);
        }
        if (normal.refresh_token !== undefined) {
          const { refresh_token } = normal;
          expect(new URLSearchParams(`${new URLSearchParams({ refresh_token })}`).get("refresh_token")).toBe(
            refresh_token,
          );
        }
        for (const seconds of [normal.expires_in ?? 1, normal.refresh_token_expires_in ?? 1]) {
          expect(Number.isSafeInteger(seconds)).toBe(true);
          expect(seconds).toBeGreaterThanOrEqual(1);
          expect(seconds).toBeLessThanOrEqual(100 * 366 * 24 * 60 * 60);
        }
        if (normal.expires_at !== undefined) {
          expect(Number.isSafeInteger(normal.expires_at)).toBe(true);
          expect(normal.expires_at).toBeGreaterThanOrEqual(1);
          expect(normal.expires_at).toBeLessThanOrEqual(1e11);
        }
        for (const name of ["access_token", "refresh_token", "id_token"] as const) {
          if (normal[name] !== undefined) expect(normal[name]).toBe(raw[name]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("R35 a date of RFC 3339 is the second that it names, whatever its offset", () => {
    const seconds = fc.integer({ min: 1, max: 4e9 });
    const offset = fc.integer({ min: -23 * 60 - 59, max: 23 * 60 + 59 });
    fc.assert(
      fc.property(seconds, offset, fc.constantFrom("", ".5", ".123456789"), (at, minutes, fraction) => {
        const local = new Date((at + minutes * 60) * 1000).toISOString().slice(0, 19);
        const hours = String(Math.trunc(Math.abs(minutes) / 60)).padStart(2, "0");
        const zone = `${minutes < 0 ? "-" : "+"}${hours}:${String(Math.abs(minutes) % 60).padStart(2, "0")}`;
        expect(normaliseTokenResponse({ expires_at: `${local}${fraction}${zone}` }).expires_at).toBe(at);
        const universal = new Date(at * 1000).toISOString().slice(0, 19);
        for (const text of [`${universal}${fraction}Z`, `${universal.toLowerCase()}z`, `${at}`]) {
          expect(normaliseTokenResponse({ expires_at: text }).expires_at).toBe(at);
        }
      }),
    );
  });

  test("R45 what conforms stays as it is", () => {
    fc.assert(
      fc.property(answer, (raw) => {
        const normal = normaliseTokenResponse(raw);
        expect(normaliseTokenResponse({ ...normal })).toEqual(normal);
      }),
      { numRuns: 2_000 },
    );
  });

  test.each(["bea\r\nrer", "a b", "bearer ", "é", "a:b"])(
    "R45 of a token whose type %j cannot be sent, the refresh token is kept",
    (tokenType) => {
      const normal = normaliseTokenResponse({ access_token: "a", refresh_token: "r", token_type: tokenType });
      expect(normal).toEqual({ refresh_token: "r", token_type: tokenType });
    },
  );
});

describe("tokens that no request could carry", () => {
  test.each(["", "a\r\nb", "a\u0000", "a\u007f", "a\ud800", "\udfff\ud800"])("R45 %j is no refresh token", (value) => {
    expect(normaliseTokenResponse({ refresh_token: value })).toEqual({ token_type: "bearer" });
  });

  test.each(["", "a b", "a\r\nb", "é", "a\ud800", "\u0000"])("R45 %j is no access token", (value) => {
    expect(normaliseTokenResponse({ access_token: value })).toEqual({ token_type: "bearer" });
  });
});

describe("splitScopes", () => {
  test("R18 R55 gives scopes without separators, spaces and control characters, and loses nothing else", () => {
    fc.assert(
      fc.property(foreignText, (text) => {
        const scopes = splitScopes(text) ?? [];
        // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
        for (const one of scopes) expect(one).not.toMatch(/[\s,\u0000-\u001f\u007f-\u009f]|^$/);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the same
        expect(scopes.join("")).toBe(text.replace(/[\s,\u0000-\u001f\u007f-\u009f]/g, ""));
        expect(splitScopes(scopes.join(" "))).toEqual(scopes);
      }),
    );
  });
});

describe("toTokenSet", () => {
  test("R35 R57 gives a token set that survives its sealing, with ends that are dates", () => {
    const previous = fc.option(
      fc.record({ refreshToken: token.map(secretOf), refreshTokenExpiresAt: fc.integer({ min: 1 }) }),
      { nil: undefined },
    );
    const life = fc.option(fc.integer({ min: 1, max: 1e9 }), { nil: undefined });
    fc.assert(
      fc.property(answer, previous, life, life, (raw, before, accessTokenLifetime, refreshTokenLifetime) => {
        const { access_token = "a", ...normal } = normaliseTokenResponse(raw);
        const tokenSet = toTokenSet(
          { ...normal, access_token },
          {
            now,
            requestedScopes: ["asked"],
            previous: before && {
              accessToken: secretOf("p"),
              tokenType: "Bearer",
              obtainedAt: 1,
              scopes: ["b"],
              ...before,
            },
            accessTokenLifetime,
            refreshTokenLifetime,
          },
        );
        for (const end of [tokenSet.expiresAt, tokenSet.refreshTokenExpiresAt]) {
          expect(end === undefined || Number.isFinite(new Date(end).getTime())).toBe(true);
        }
        const named = normal.expires_in === undefined ? normal.expires_at : undefined;
        if (named !== undefined) expect(tokenSet.expiresAt).toBe(named * 1000);
        else if (tokenSet.expiresAt !== undefined) expect(tokenSet.expiresAt).toBeGreaterThan(now);
        expect(tokenSet.scopes.join("")).not.toMatch(/[\s,]/);
        const sealed = plain(tokenSet);
        expect(sealed.accessToken).toBe(access_token);
        expect(sealed.refreshToken).toBe(normal.refresh_token ?? before?.refreshToken.reveal());
        expectNoPollution(tokenSet, sealed);
      }),
      { numRuns: 1_000 },
    );
  });
});
