import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createBrowserBinding } from "./browser-binding.ts";

const secure = createBrowserBinding(new URL("https://app.example.com/connect"));
const local = createBrowserBinding(new URL("http://localhost:3000/connect"));
const value = "a".repeat(43);

function read(cookie: string, binding = secure): string | undefined {
  return binding.read(new Headers({ cookie }));
}

describe("create", () => {
  test("R4 gives 256 random bits that its own reader takes", () => {
    const values = Array.from({ length: 1_000 }, () => secure.create());
    expect(new Set(values).size).toBe(values.length);
    for (const one of values) expect(read(`__Host-grantkeeper=${one}`)).toBe(one);
  });
});

describe("cookie", () => {
  test("R4 is bound to the host, unreadable to scripts and not sent from elsewhere", () => {
    expect(secure.cookie(value, false)).toBe(
      `__Host-grantkeeper=${value}; Path=/; HttpOnly; Max-Age=3600; Secure; SameSite=Lax`,
    );
  });

  test("comes along with a provider's form post", () => {
    expect(secure.cookie(value, true)).toBe(
      `__Host-grantkeeper=${value}; Path=/; HttpOnly; Max-Age=3600; Secure; SameSite=None`,
    );
  });

  test("has a plain name on http://localhost, and stays Lax, since None asks for https", () => {
    expect(local.cookie(value, true)).toBe(`grantkeeper=${value}; Path=/; HttpOnly; Max-Age=3600; SameSite=Lax`);
  });
});

describe("read", () => {
  test.each([
    `__Host-grantkeeper=${value}`,
    `a=b; __Host-grantkeeper=${value}; c=d`,
    `a=b;__Host-grantkeeper=${value};c=d`,
    `grantkeeper=${"b".repeat(43)}; __Host-grantkeeper=${value}`,
  ])("finds the value in %j", (cookie) => {
    expect(read(cookie)).toBe(value);
  });

  test.each([
    "",
    "a=b",
    "__Host-grantkeeper",
    "__Host-grantkeeper=",
    `__Host-grantkeeper=${value}a`,
    `__Host-grantkeeper=${value.slice(1)}`,
    `__Host-grantkeeper="${value}"`,
    `__Host-grantkeeper=${value.slice(1)}/`,
    `__Host-grantkeeper=${value.slice(1)}é`,
    `__Host-Grantkeeper=${value}`,
    `x__Host-grantkeeper=${value}`,
    `__Host-grantkeeper2=${value}`,
    `a=__Host-grantkeeper=${value}`,
    `grantkeeper=${value}`,
    `__Host-grantkeeper=${value}, a=b`,
  ])("R4 takes nothing from %j", (cookie) => {
    expect(read(cookie)).toBeUndefined();
  });

  test("R4 takes neither of two cookies of its name", () => {
    const other = "b".repeat(43);
    expect(read(`__Host-grantkeeper=${value}; __Host-grantkeeper=${other}`)).toBeUndefined();
    expect(read(`__Host-grantkeeper=${value}; __Host-grantkeeper=${value}`)).toBeUndefined();
    expect(read(`__Host-grantkeeper=; __Host-grantkeeper=${value}`)).toBeUndefined();
  });

  test("R4 does not take the plain name for the one that is bound to the host, nor the other way round", () => {
    expect(read(`grantkeeper=${value}`, local)).toBe(value);
    expect(read(`__Host-grantkeeper=${value}`, local)).toBeUndefined();
  });

  test("takes nothing where there are no headers", () => {
    expect(secure.read(undefined)).toBeUndefined();
    expect(secure.read(new Headers())).toBeUndefined();
  });

  test("gives back a well-formed value that stands in the header, or nothing, whatever the header", () => {
    const pair = fc
      .tuple(fc.constantFrom("__Host-grantkeeper", "grantkeeper", "a"), fc.string())
      .map((two) => two.join("="));
    const cookie = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(pair).map((pairs) => pairs.join(";")),
    );
    fc.assert(
      fc.property(cookie, (header) => {
        const found = secure.read({ get: () => header });
        if (found !== undefined) expect(header).toMatch(new RegExp(`__Host-grantkeeper=${found}(\\s*;|\\s*$)`));
        expect(found ?? value).toMatch(/^[A-Za-z0-9_-]{43}$/);
      }),
    );
  });
});
