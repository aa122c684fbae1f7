import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isGrantkeeperError } from "../errors.ts";
import { exampleConnector } from "../test/connector.ts";
import { resolveUrl } from "./described-request.ts";
import { serverOf } from "./server.ts";

const server = serverOf(exampleConnector(), {});

describe("resolveUrl", () => {
  test.each([
    ["user", "https://api.example.com/v1/user"],
    ["/user", "https://api.example.com/v1/user"],
    ["//user", "https://api.example.com/v1/user"],
    ["///evil.com/user", "https://api.example.com/v1/evil.com/user"],
    ["/people:batchGet", "https://api.example.com/v1/people:batchGet"],
    ["//people:batchGet?a=1", "https://api.example.com/v1/people:batchGet?a=1"],
    ["/https://evil.com/user", "https://api.example.com/v1/https://evil.com/user"],
    ["/\thttps://evil.com/user", "https://api.example.com/v1/https://evil.com/user"],
    ["/\\evil.com/user", "https://api.example.com/v1//evil.com/user"],
    ["/", "https://api.example.com/v1/"],
    ["/?a=1", "https://api.example.com/v1/?a=1"],
    ["/../v2/user", "https://api.example.com/v2/user"],
    ["user?a=1#b", "https://api.example.com/v1/user?a=1#b"],
    ["", "https://api.example.com/v1/"],
    ["../v2/user", "https://api.example.com/v2/user"],
    ["https://api.example.com/other", "https://api.example.com/other"],
    ["HTTPS://API.example.com:443/other", "https://api.example.com/other"],
    ["https://evil.com/user", "https://evil.com/user"],
  ])("reads %j as %s", (url, expected) => {
    expect(resolveUrl(server, url)).toBe(expected);
  });

  test.each(["https://api.example.com/v1", "https://api.example.com/v1/", "https://api.example.com/v1//"])(
    "reads a path below the base %s",
    (apiBaseUrl) => {
      expect(resolveUrl({ ...server, apiBaseUrl }, "user")).toBe("https://api.example.com/v1/user");
    },
  );

  test("R41 a plain path stays at the API's origin", () => {
    const character = fc.constantFrom("a", "/", ".", "..", "@", "?", "#", "%2f", "%5c", "&", "=", "-", "_", "~", "é");
    fc.assert(
      fc.property(fc.array(character), (characters) => {
        expect(new URL(resolveUrl(server, characters.join(""))).origin).toBe("https://api.example.com");
      }),
    );
  });

  test("R41 what begins with a slash stays at the API's origin, whatever follows", () => {
    const scheme = fc.constantFrom("https:", "http://evil.com", "javascript:", "\\\\evil.com", "//evil.com", "\t", " ");
    const piece = fc.oneof(scheme, fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(new URL(resolveUrl(server, `/${pieces.join("")}`)).origin).toBe("https://api.example.com");
      }),
    );
  });

  test("gives a URL or a GrantkeeperError, whatever it is given", () => {
    const url = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string().map((text) => `https:${text}`),
      fc.string().map((text) => `\\\\${text}`),
    );
    fc.assert(
      fc.property(url, (text) => {
        try {
          expect(URL.canParse(resolveUrl(server, text))).toBe(true);
        } catch (error) {
          expect(isGrantkeeperError(error), `${text}: ${String(error)}`).toBe(true);
        }
      }),
      { numRuns: 1_000, examples: [["https://"], ["http:"], ["\\\\["]] },
    );
  });
});
