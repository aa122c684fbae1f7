import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isGrantkeeperError } from "../errors.ts";
import { codeOf } from "../test/errors.ts";
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

const hostile = [
  "",
  " ",
  "settings",
  "?next=/",
  "#/",
  ".",
  "..",
  "//evil.com",
  "///evil.com",
  "////evil.com",
  "//evil.com/..",
  "//app.example.com@evil.com",
  "//app.example.com",
  "/\\evil.com",
  "/\\/evil.com",
  "\\evil.com",
  "\\\\evil.com",
  "\\/evil.com",
  "/\\\\evil.com",
  "/a\\b",
  "%2f%2fevil.com",
  "/%2fevil.com",
  "/%2Fevil.com",
  "/%2f%2fevil.com",
  "/%5cevil.com",
  "/%5Cevil.com",
  "/%252fevil.com",
  "/%25252fevil.com",
  "/%255cevil.com",
  "/%25255cevil.com",
  "/\t/evil.com",
  "/\n/evil.com",
  "/\r/evil.com",
  "/\r\n/evil.com",
  "/%09/evil.com",
  "/%0a/evil.com",
  "/%0d/evil.com",
  "/%2509/evil.com",
  "\t//evil.com",
  " //evil.com",
  "/ /evil.com",
  "/\u0000/evil.com",
  "/%00/evil.com",
  "/\u000b/evil.com",
  "/\u007f/evil.com",
  "/\u0085/evil.com",
  "/\u00a0/evil.com",
  "/\u2028/evil.com",
  "/\u2029/evil.com",
  "/\ufeff/evil.com",
  "/%e2%80%a8/evil.com",
  "/\ud800",
  "/a?b=\udc00#c",
  "/settings\r\nlocation: https://evil.com",
  "/settings%0d%0alocation:%20https://evil.com",
  "/settings%250d%250alocation:https://evil.com",
  "/settings\r\n\r\n<script>alert(1)</script>",
  "/settings\n",
  "http://evil.com",
  "https://evil.com",
  "https:evil.com",
  "https:/evil.com",
  "https:///evil.com",
  "https:\\\\evil.com",
  "HtTpS://evil.com",
  "https://evil.com/https://admin.example.com",
  "https://evil.com#https://admin.example.com",
  "https://evil.com?https://admin.example.com",
  "https://admin.example.com.evil.com",
  "https://evil.com/.admin.example.com",
  "https://evil.com\\.admin.example.com",
  "https://xadmin.example.com",
  "https://admin.example.com:444",
  "https://admin.example.com@evil.com",
  "https://admin.example.com:443@evil.com",
  "https://user@admin.example.com",
  "https://user:password@admin.example.com",
  "https://admin。example.com.evil.com",
  "http://admin.example.com",
  "http://localhost:3001",
  "http://localhost:3000@evil.com",
  "https://[::1]",
  "ftp://admin.example.com",
  "wss://admin.example.com",
  "blob:https://admin.example.com/5f0c",
  "filesystem:https://admin.example.com/temporary/a",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\nscript:alert(1)",
  "java%0ascript:alert(1)",
  "\u0001javascript:alert(1)",
  "javascript://admin.example.com/%0aalert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:msgbox(1)",
  "file:///etc/passwd",
  "about:blank",
  "null",
  `/${"a".repeat(2_000)}`,
];

describe("hostile ones", () => {
  test.each(hostile)("R10 refuses %j", async (returnTo) => {
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
