import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isGrantkeeperError } from "../errors.ts";
import { codeOf } from "../test/errors.ts";
import { hostileReturnTo } from "../test/hostile-return-to.ts";
import { checkReturnTo } from "./return-to.ts";

const callbackUrl = new URL("https://app.example.com/connect");
const allowedOrigins = ["https://admin.example.com", "http://localhost:3000"];

function check(returnTo: string): string {
  return checkReturnTo(returnTo, callbackUrl, allowedOrigins);
}

describe("good ones", () => {
  test.each([
    "/",
    "/settings",
    "/settings/",
    "/settings?tab=connections&sort=name",
    "/settings#github",
    "/settings?next=/other",
    "/settings?next=%2Fother",
    "/settings?site=https://example.com",
    "/settings?name=a+b",
    "/settings?name=Zo%C3%AB",
    "/settings?discount=100%",
    "/a/../b",
    "/@someone",
    "/a:b",
    "/a//b",
    "/settings?name=John%20Doe",
  ])("R10 takes %s as it is", (returnTo) => {
    expect(check(returnTo)).toBe(returnTo);
  });

  test.each(["https://admin.example.com/", "https://admin.example.com/a?b#c", "http://localhost:3000/a"])(
    "R10 takes %s of an allowed origin",
    (returnTo) => {
      expect(check(returnTo)).toBe(returnTo);
    },
  );

  test("writes the URL of an allowed origin in the way that a browser reads it", () => {
    expect(check("HTTPS://ADMIN.example.com:443/a/../b")).toBe("https://admin.example.com/b");
  });
});

describe("hostile ones", () => {
  test("R10 there are enough of them, and none twice", () => {
    expect(new Set(hostileReturnTo).size).toBe(hostileReturnTo.length);
    expect(hostileReturnTo.length).toBeGreaterThanOrEqual(220);
  });

  test.each(hostileReturnTo)("R10 refuses %j", async (returnTo) => {
    expect(await codeOf(() => check(returnTo))).toBe("invalid_request");
  });

  test.each(["/%2fevil.com/%", "/%2f%2fevil.com%zz", "/%5cevil.com/%", "/%09/evil.com%", "/a%0d%0alocation:evil%"])(
    "R10 refuses %j, where a stray percent sign is to hide what is encoded",
    async (returnTo) => {
      expect(await codeOf(() => check(returnTo))).toBe("invalid_request");
    },
  );

  test.each(["/.//evil.com", "/..//evil.com", "/a/..//evil.com", "/%2e//evil.com", "/%2e%2e//evil.com"])(
    "R10 refuses %j, which is //evil.com once its dots are resolved",
    async (returnTo) => {
      expect(await codeOf(() => check(returnTo))).toBe("invalid_request");
    },
  );

  test.each([7, null, undefined, ["/a"], { href: "/a" }])("R10 refuses %o, which is not text", async (returnTo) => {
    expect(await codeOf(() => check(returnTo as unknown as string))).toBe("invalid_request");
  });
});

describe("whatever is accepted", () => {
  const piece = fc.constantFrom(
    ...[
      "/",
      "\\",
      "%2f",
      "%5c",
      "%252f",
      "%09",
      "%0a",
      "%",
      "\t",
      "\r\n",
      ".",
      "..",
      "%2e",
      "?",
      "#",
      "@",
      ":",
      "é",
      "設",
    ],
    ...["evil.com", "https:", "javascript:", "admin.example.com", "a", " ", "\u0000", "\u2028"],
  );
  const text = fc.oneof(
    fc.array(piece).map((pieces) => pieces.join("")),
    fc.array(piece).map((pieces) => `/${pieces.join("")}`),
    fc.string({ unit: "binary" }),
    fc.webUrl(),
  );
  const accepted = (returnTo: string): string | undefined => {
    try {
      return check(returnTo);
    } catch (error) {
      expect(isGrantkeeperError(error)).toBe(true);
      return undefined;
    }
  };

  test("R10 leads to this application or to an allowed origin", () => {
    fc.assert(
      fc.property(text, (returnTo) => {
        const target = accepted(returnTo);
        if (target === undefined) return;
        expect([callbackUrl.origin, ...allowedOrigins]).toContain(
          new URL(target, "https://app.example.com/a/b").origin,
        );
      }),
      { numRuns: 5_000 },
    );
  });

  test("R10 leads to this application, however often it is decoded on its way", () => {
    const bytes = (run: string): string => Buffer.from(run.replaceAll("%", ""), "hex").toString("latin1");
    const decoders: readonly ((encoded: string) => string)[] = [
      // As most servers do, as old ones do, and as forms are read.
      (encoded) => encoded.replace(/(?:%[0-9a-f]{2})+/gi, (run) => decodeOr(run, run)),
      (encoded) => encoded.replace(/(?:%[0-9a-f]{2})+/gi, bytes),
      (encoded) => encoded.replaceAll("+", " ").replace(/(?:%[0-9a-f]{2})+/gi, (run) => decodeOr(run, bytes(run))),
    ];
    const times = fc.array(fc.constantFrom(...decoders), { maxLength: 8 });
    fc.assert(
      fc.property(text, times, (returnTo, steps) => {
        const target = accepted(returnTo);
        if (target === undefined) return;
        const origin = target.startsWith("/") ? [callbackUrl.origin] : allowedOrigins;
        let form = target;
        for (const decode of steps) {
          form = decode(form);
          expect(origin).toContain(new URL(form, callbackUrl).origin);
        }
      }),
      { numRuns: 10_000 },
    );
  });

  test("can stand in a Location header", () => {
    fc.assert(
      fc.property(text, (returnTo) => {
        const target = accepted(returnTo);
        if (target !== undefined) expect(() => new Headers({ location: target })).not.toThrow();
      }),
      { numRuns: 2_000, examples: [["/設定"]] },
    );
  });
});

function decodeOr(run: string, otherwise: string): string {
  try {
    return decodeURIComponent(run);
  } catch {
    return otherwise;
  }
}
