import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf } from "../test/errors.ts";
import { expectNoPollution, foreignText } from "../test/foreign.ts";
import { readAuthorizationResponse } from "./authorization-response.ts";

const callbackUrl = new URL("https://app.example.com/connect");
const wellFormed = foreignText.filter((text) => text.isWellFormed());
const name = fc.oneof(
  fc.constantFrom("code", "state", "error", "error_description", "iss", "__proto__", "constructor"),
  wellFormed,
);
const path = "/connect/github/callback";

describe("readAuthorizationResponse", () => {
  test("R12 R57 reads the same out of a query and a form, or refuses both", async () => {
    const outcomes = new Set<string | undefined>();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, wellFormed), { maxLength: 6 }), async (entries) => {
        const text = `${new URLSearchParams(entries)}`;
        const query = { url: `${path}?${text}` };
        const form = { url: path, method: "POST", text: async () => text };
        const code = await codeOf(async () => {
          const response = await readAuthorizationResponse(query, callbackUrl);
          expect([...response.parameters]).toEqual(entries);
          expect(response.state).toBe(new Map(entries).get("state"));
          expect(response.error?.error).toBe(new Map(entries).get("error"));
          expectNoPollution(response, response.error);
        });
        expect(await codeOf(() => readAuthorizationResponse(form, callbackUrl))).toBe(code);
        outcomes.add(code);
      }),
      { numRuns: 2_000 },
    );
    expect(outcomes).toEqual(new Set([undefined, "invalid_request"]));
  });

  test("R12 R57 takes any bytes as a form, in any pieces, without another error than its own", async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .constantFrom("code=%&state=%ff", "code=%e0%a4&state=+", "&&=&state=s&code=\ud800")
        .map((text) => Buffer.from(text)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 4 }), async (chunks) => {
        const body = new ReadableStream({
          start(controller) {
            for (const chunk of chunks) controller.enqueue(chunk);
            controller.close();
          },
        });
        const code = await codeOf(() => readAuthorizationResponse({ url: path, method: "POST", body }, callbackUrl));
        expect([undefined, "invalid_request"]).toContain(code);
        expectNoPollution();
      }),
    );
  });

  test.each([
    ["parameters", "a&"],
    ["percent signs", "%"],
    ["encoded percent signs", "%25"],
    ["slashes", "/"],
  ])("R58 of 1 MiB of %s, nothing is parsed", async (_, piece) => {
    const long = piece.repeat(1024 * 1024);
    // As a header says it, before anything is read.
    const headers = new Headers({ "content-length": `${long.length}` });
    const neverRead = (): Promise<string> => Promise.reject(new Error("It was read."));
    const posted = { url: path, method: "POST", headers, text: neverRead };
    expect(await codeOf(() => readAuthorizationResponse({ url: `${path}?code=c&state=s&${long}` }, callbackUrl))).toBe(
      "invalid_request",
    );
    expect(await codeOf(() => readAuthorizationResponse(posted, callbackUrl))).toBe("invalid_request");
  });

  test("R58 R29 of a form without a length, no more is read than may be in it", async () => {
    let pulled = 0;
    const body = new ReadableStream({
      pull(controller) {
        pulled += 1024;
        controller.enqueue(Buffer.alloc(1024, "a"));
      },
    });
    const posted = { url: path, method: "POST", body };
    expect(await codeOf(() => readAuthorizationResponse(posted, callbackUrl))).toBe("invalid_request");
    expect(pulled).toBeLessThanOrEqual(66 * 1024);
  });
});
