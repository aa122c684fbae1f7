import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../connector/json.ts";
import { type Plain, secretOf } from "../secret.ts";
import { plain } from "../test/plain.ts";
import {
  defined,
  isObject,
  normaliseTokenResponse,
  parseBody,
  splitScopes,
  type TokenSet,
  type TokenSetContext,
  toTokenSet,
} from "./token-response.ts";

const form = "application/x-www-form-urlencoded";
const now = Date.UTC(2026, 10, 23);

/** JSON of any shape, with the names of a token response and of every object's properties among its own. */
const names = fc.constantFrom(
  "access_token",
  "refresh_token",
  "id_token",
  "token_type",
  "expires_in",
  "expires_at",
  "refresh_token_expires_in",
  "scope",
  "__proto__",
  "constructor",
  "toString",
);
const foreignObject = fc
  .array(fc.tuple(names, fc.oneof(fc.jsonValue(), fc.string(), fc.double(), fc.array(fc.string()))))
  .map((entries) => JSON.parse(`{${entries.map(([name, value]) => member(name, value)).join(",")}}`) as JsonObject);

describe("parseBody", () => {
  test.each<[string | null, string, Json | undefined]>([
    ["application/json", '{"a":1}', { a: 1 }],
    ["application/json; charset=utf-8", '{"a":1}', { a: 1 }],
    ["text/plain", '{"a":1}', { a: 1 }],
    [null, '{"a":1}', { a: 1 }],
    ["application/json", "null", null],
    [form, "a=1&b=x%20y", { a: "1", b: "x y" }],
    [`${form.toUpperCase()} ; charset=utf-8`, "a=1", { a: "1" }],
    [form, "", {}],
    ["text/html", '{"a":1}', { a: 1 }],
    [form, '{"a":1}', { a: 1 }],
    ["TEXT/HTML; charset=utf-8", "<!doctype html>", undefined],
    ["application/json", "<!doctype html>", undefined],
    ["application/json", "", undefined],
    ["application/json", '{"a":', undefined],
  ])("reads %s %j as %j", (contentType, body, expected) => {
    expect(parseBody(contentType, body)).toEqual(expected);
  });

  test("R57 takes a name of every object's properties as a name like others", () => {
    for (const [type, body] of [
      ["application/json", '{"__proto__":{"polluted":"1"},"constructor":{"prototype":{"polluted":"1"}}}'],
      [form, "__proto__=polluted&constructor=polluted"],
    ] as const) {
      const parsed = parseBody(type, body);
      expect(isObject(parsed) && Object.keys(parsed).sort()).toEqual(["__proto__", "constructor"]);
      expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
      expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    }
  });

  test("never throws, whatever the type and the text", () => {
    const type = fc.oneof(fc.constantFrom(null, form, "application/json", "text/html"), fc.string());
    const body = fc.oneof(fc.string({ unit: "binary" }), fc.json());
    fc.assert(
      fc.property(type, body, (contentType, text) => {
        parseBody(contentType, text);
      }),
    );
  });

  test("gives back what was written as JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.stringify(parseBody("application/json", text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });
});

describe("normaliseTokenResponse", () => {
  test("R36 leaves a conforming response as it is", () => {
    const response = {
      access_token: "a",
      token_type: "Bearer",
      expires_in: 3600,
      refresh_token: "r",
      refresh_token_expires_in: 7200,
      scope: "read write",
      id_token: "i",
    };
    expect(normaliseTokenResponse(response)).toEqual(response);
  });

  test.each<[string, string]>([
    ["{}", "bearer"],
    ['{"token_type":null}', "bearer"],
    ['{"token_type":""}', "bearer"],
    ['{"token_type":7}', "bearer"],
    ['{"token_type":"bEaReR"}', "bEaReR"],
    ['{"token_type":"mac"}', "mac"],
  ])("R34 the token type of %s is %s", (text, expected) => {
    expect(normalise(text).token_type).toBe(expected);
  });

  test.each<[string, number | undefined]>([
    ["3600", 3600],
    ['"3600"', 3600],
    ["0", undefined],
    ['"0"', undefined],
    ["0.5", undefined],
    ["1", 1],
    ["3599.9", 3599],
    ['"3599.9"', 3599],
    ["-5", undefined],
    ['"-5"', undefined],
    ["1e400", undefined],
    ["-1e400", undefined],
    ['"1e400"', undefined],
    ['"NaN"', undefined],
    ['"Infinity"', undefined],
    ['""', undefined],
    ['" "', undefined],
    ['"0x10"', undefined],
    ['"one hour"', undefined],
    ["null", undefined],
    ["true", undefined],
    ["[3600]", undefined],
    ['{"seconds":3600}', undefined],
  ])("R35 reads a lifetime of %s as %s", (value, expected) => {
    const normal = normalise(`{"refresh_token":"r","expires_in":${value},"refresh_token_expires_in":${value}}`);
    expect(normal.expires_in).toBe(expected);
    expect(normal.refresh_token_expires_in).toBe(expected);
    expect(normal.refresh_token).toBe("r");
  });

  test.each(["access_token", "refresh_token", "id_token"] as const)("R36 drops an unusable %s", (name) => {
    for (const value of ["null", '""', "7", "false", "[]", '["a"]', "{}"]) {
      expect(name in normalise(`{"${name}":${value}}`), value).toBe(false);
    }
  });

  test.each(["a b", " a", "a\n", "a\r\nx: y", "a\u0000", "a\u007f", "é", "a\u200b"])(
    "R54 drops the access token %j, which no header can carry, and keeps the refresh token",
    (token) => {
      expect(normaliseTokenResponse({ access_token: token, refresh_token: "r" })).toEqual({
        token_type: "bearer",
        refresh_token: "r",
      });
    },
  );

  test.each(["a\n", "\u0000a", "a\u001fb", "a\u007f"])("R45 drops the refresh token %j", (token) => {
    expect(normaliseTokenResponse({ refresh_token: token })).toEqual({ token_type: "bearer" });
  });

  test.each(["a b", "é", "~!", "a\u0080"])("R45 keeps the refresh token %j as it is", (token) => {
    expect(normaliseTokenResponse({ refresh_token: token }).refresh_token).toBe(token);
  });

  test.each<[string, string | undefined]>([
    ['"read write"', "read write"],
    ['"read,write"', "read write"],
    ['"read, write"', "read write"],
    ['" read\\twrite "', "read write"],
    ['["read","write"]', "read write"],
    ['["read",7,null,"write"]', "read write"],
    ['""', ""],
    ["[]", ""],
    ["null", undefined],
    ["7", undefined],
    ['{"0":"read"}', undefined],
  ])("R18 reads the scope %s as %j", (value, expected) => {
    expect(normalise(`{"scope":${value}}`).scope).toBe(expected);
  });

  test("R57 takes nothing from a prototype", () => {
    const hidden = '{"access_token":"a","refresh_token":"r","expires_in":9,"scope":"s"}';
    expect(normalise(`{"__proto__":${hidden},"constructor":{"prototype":${hidden}}}`)).toEqual({
      token_type: "bearer",
    });
  });

  test("R57 gives only known fields of the right type, whatever the provider sends", () => {
    fc.assert(
      fc.property(foreignObject, (raw) => {
        const {
          expires_in: life = 1,
          expires_at: end = 1,
          refresh_token_expires_in: refreshLife = 1,
          ...texts
        } = normaliseTokenResponse(raw);
        for (const number of [life, end, refreshLife]) expect(number).toBeGreaterThan(0);
        expect(Object.values(texts).every((value) => typeof value === "string")).toBe(true);
        expect(["access_token", "token_type", "refresh_token", "scope", "id_token"]).toEqual(
          expect.arrayContaining(Object.keys(texts)),
        );
      }),
    );
  });
});

describe("splitScopes", () => {
  test.each<[string | undefined, string[] | undefined]>([
    [undefined, undefined],
    ["", []],
    [" ,  , ", []],
    ["a b,c\td\ne", ["a", "b", "c", "d", "e"]],
  ])("R18 splits %j into %j", (scope, expected) => {
    expect(splitScopes(scope)).toEqual(expected);
  });
});

describe("toTokenSet", () => {
  test("R43 keeps the old refresh token and its end where the response has none", () => {
    const previous = tokenSet({ refreshToken: secretOf("old"), refreshTokenExpiresAt: 99 });
    expect(keep('{"access_token":"a"}', { previous })).toMatchObject({
      refreshToken: "old",
      refreshTokenExpiresAt: 99,
    });
  });

  test("R43 does not give a new refresh token the end of the old one", () => {
    const previous = tokenSet({ refreshToken: secretOf("old"), refreshTokenExpiresAt: 99 });
    expect(keep('{"access_token":"a","refresh_token":"new"}', { previous })).not.toHaveProperty(
      "refreshTokenExpiresAt",
    );
  });

  test("R43 replaces the refresh token where the response has one", () => {
    const previous = tokenSet({ refreshToken: secretOf("old") });
    expect(keep('{"access_token":"a","refresh_token":"new"}', { previous }).refreshToken).toBe("new");
  });

  test.each(["-5", "1e400", '"NaN"', "null"])("R45 keeps a rotated refresh token when expires_in is %s", (value) => {
    const previous = tokenSet({ refreshToken: secretOf("old") });
    const kept = keep(`{"access_token":"a","refresh_token":"new","expires_in":${value}}`, { previous });
    expect(kept).toMatchObject({ accessToken: "a", refreshToken: "new" });
    expect(kept.expiresAt).toBeUndefined();
  });

  test("R35 uses the connector's lifetime where the response names none but can be refreshed", () => {
    const text = '{"access_token":"a","refresh_token":"r"}';
    expect(keep(text, { accessTokenLifetime: 60 }).expiresAt).toBe(now + 60_000);
    expect(keep(text, {}).expiresAt).toBeUndefined();
  });

  test("R35 a lifetime of 0 names none", () => {
    const text = '{"access_token":"a","refresh_token":"r","expires_in":0}';
    expect(keep(text, { accessTokenLifetime: 60 }).expiresAt).toBe(now + 60_000);
    expect(keep(text, {}).expiresAt).toBeUndefined();
  });

  test("R35 gives a token that cannot be refreshed no end that nobody named", () => {
    expect(keep('{"access_token":"a"}', { accessTokenLifetime: 60 }).expiresAt).toBeUndefined();
  });

  test("R35 the response's own lifetimes go first", () => {
    const text = '{"access_token":"a","refresh_token":"r","expires_in":5,"refresh_token_expires_in":6}';
    expect(keep(text, { accessTokenLifetime: 60, refreshTokenLifetime: 60 })).toMatchObject({
      expiresAt: now + 5_000,
      refreshTokenExpiresAt: now + 6_000,
    });
  });

  test("R35 an end is taken where no lifetime is named, and before the connector's", () => {
    const at = (raw: JsonObject) =>
      keep(JSON.stringify({ access_token: "a", ...raw }), { accessTokenLifetime: 60 }).expiresAt;
    const expires_at = "2016-07-11T22:14:10Z";
    expect(at({ refresh_token: "r", expires_at })).toBe(Date.UTC(2016, 6, 11, 22, 14, 10));
    expect(at({ expires_at: 1_468_275_250 })).toBe(1_468_275_250_000);
    expect(at({ expires_in: 5, expires_at })).toBe(now + 5_000);
    expect(at({ refresh_token: "r", expires_at: 1_468_275_250_000 })).toBe(now + 60_000);
  });

  test("R35 an end that no calendar holds does not get into the grant", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, noNaN: true }), (life) => {
        const text = `{"access_token":"a","refresh_token":"r","expires_in":${life},"refresh_token_expires_in":${life}}`;
        const kept = keep(text.replaceAll("Infinity", "1e400"), {});
        for (const end of [kept.expiresAt, kept.refreshTokenExpiresAt]) {
          if (end !== undefined) expect(new Date(end).getTime(), `a life of ${life} seconds`).toBe(end);
        }
      }),
      { examples: [[1e300], [1e308], [1e15]] },
    );
  });

  test("R18 a response without scope grants what was asked for, or what was granted before", () => {
    expect(keep('{"access_token":"a"}', {}).scopes).toEqual(["asked"]);
    expect(keep('{"access_token":"a"}', { previous: tokenSet({ scopes: ["before"] }) }).scopes).toEqual(["before"]);
  });

  test("R18 an empty scope grants nothing", () => {
    const previous = tokenSet({ scopes: ["before"] });
    expect(keep('{"access_token":"a","scope":""}', { previous }).scopes).toEqual([]);
    expect(keep('{"access_token":"a","scope":[]}', { previous }).scopes).toEqual([]);
  });

  test("keeps the ID token of before where a refresh brings none", () => {
    const previous = tokenSet({ idToken: secretOf("old") });
    expect(keep('{"access_token":"a"}', { previous }).idToken).toBe("old");
    expect(keep('{"access_token":"a","id_token":"new"}', { previous }).idToken).toBe("new");
  });

  test.each([
    ["bEaReR", "Bearer"],
    ["DPoP", "DPoP"],
  ])("R34 keeps the token type %s as %s", (type, expected) => {
    expect(keep(`{"access_token":"a","token_type":"${type}"}`, {}).tokenType).toBe(expected);
  });
});

describe("defined", () => {
  test("gives nothing for undefined and keeps every other value", () => {
    expect(Object.keys(defined("a", undefined))).toEqual([]);
    expect(defined("a", 0)).toEqual({ a: 0 });
  });
});

function normalise(text: string): ReturnType<typeof normaliseTokenResponse> {
  return normaliseTokenResponse(JSON.parse(text) as JsonObject);
}

function keep(text: string, context: Partial<TokenSetContext>): Plain<TokenSet> {
  const { access_token = "", ...rest } = normalise(text);
  const kept = toTokenSet(
    { ...rest, access_token },
    {
      now,
      requestedScopes: ["asked"],
      previous: undefined,
      accessTokenLifetime: undefined,
      refreshTokenLifetime: undefined,
      ...context,
    },
  );
  return plain(kept);
}

function tokenSet(change: Partial<TokenSet>): TokenSet {
  return { accessToken: secretOf("old"), tokenType: "Bearer", obtainedAt: 0, scopes: [], ...change };
}

function member(name: string, value: unknown): string {
  return `${JSON.stringify(name)}:${JSON.stringify(value) ?? "null"}`;
}
