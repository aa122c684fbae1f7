import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createHandler } from "./handler.ts";
import { expectNoPollution, foreignText, unprintable } from "./test/foreign.ts";

const origin = "https://app.example.com";
const callbackUrl = new URL(`${origin}/connect`);
const wellFormed = foreignText.filter((text) => text.isWellFormed());
const fieldName = fc.oneof(
  fc.constantFrom(
    "returnTo",
    "connectionId",
    "params.shop",
    "params.__proto__",
    "params.constructor",
    "params.",
    "owner",
  ),
  fc.constantFrom("request", "metadata", "__proto__", "constructor"),
  wellFormed,
  wellFormed.map((text) => `params.${text}`),
);

interface Start {
  readonly connector: string;
  readonly flow: Readonly<Record<string, unknown>>;
}

/** A handler whose keeper keeps what it is asked for, and then is out of order. */
function createApp() {
  const starts: Start[] = [];
  const keeper = {
    callbackUrl,
    start: async (connector: string, flow: Readonly<Record<string, unknown>>) => {
      starts.push({ connector, flow });
      return { url: new URL("https://login.example.com/"), headers: new Headers() };
    },
    finish: async () => {
      throw new TypeError("finish was called");
    },
  };
  return { starts, handler: createHandler(keeper as never, { owner: () => "ada" }) };
}

function post(body: BodyInit, path = "/connect/main"): Request {
  return new Request(`${origin}${path}`, {
    method: "POST",
    headers: { "sec-fetch-site": "same-origin", origin },
    body,
  });
}

describe("the start form", () => {
  test("R13 R57 hands on the fields of a start, each once, and nothing else of any form", async () => {
    const outcomes = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fieldName, wellFormed), { maxLength: 8 }), async (entries) => {
        const { starts, handler } = createApp();
        const response = await handler(post(new URLSearchParams(entries)));
        const fields = new Map(entries);
        outcomes.add(response.status);
        expectNoPollution();
        if (fields.size !== entries.length) {
          expect(response.status).toBe(400);
          expect(starts).toEqual([]);
          return;
        }
        expect(response.status).toBe(303);
        const { owner, request, returnTo, connectionId, params, ...others } = starts[0]?.flow ?? {};
        expect(others).toEqual({});
        expect(owner).toBe("ada");
        expect(request).toBeInstanceOf(Request);
        expect([returnTo, connectionId]).toEqual([fields.get("returnTo"), fields.get("connectionId")]);
        const expected = entries
          .filter(([name]) => name.startsWith("params."))
          .map(([name, value]) => [name.slice(7), value]);
        expect(new Map(Object.entries(params ?? {}))).toEqual(new Map(expected as [string, string][]));
        expectNoPollution(starts[0]?.flow, params);
      }),
      { numRuns: 200 },
    );
    expect(outcomes).toEqual(new Set([303, 400]));
  });

  test.each([
    ["fields", "a&"],
    ["percent signs", "%"],
    ["equals signs", "="],
    ["params", "params.a=%2525&"],
  ])("R58 of 1 MiB of %s, nothing is parsed", async (_, piece) => {
    const { starts, handler } = createApp();
    const response = await handler(post(piece.repeat(Math.ceil((1024 * 1024) / piece.length))));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("too long");
    expect(starts).toEqual([]);
  });
});

describe("the handler", () => {
  test("R55 R57 answers any method, path and body, in one line that is its own", async () => {
    const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "get", "X");
    const url = fc.oneof(
      foreignText,
      foreignText.map((text) => `/connect/${text}`),
      foreignText.map((text) => `/connect/main/callback?${text}`),
      fc.constantFrom("//[", "http://", "/connect/__proto__", "/connect/constructor/callback"),
    );
    const headers = fc.dictionary(
      fc.constantFrom("sec-fetch-site", "origin", "content-length", "cookie", "content-type"),
      fc.oneof(foreignText, fc.constantFrom("same-origin", "null", origin, "-1", "1e9", "NaN")),
    );
    await fc.assert(
      fc.asyncProperty(method, url, headers, foreignText, async (verb, address, sent, body) => {
        const { handler } = createApp();
        const response = await handler({
          url: address,
          method: verb,
          headers: { get: (name: string) => (Object.hasOwn(sent, name) ? (sent[name] ?? null) : null) },
          text: async () => body,
        } as never);
        expect(response.headers.get("cache-control")).toBe("no-store");
        expect([303, 400, 403, 500]).toContain(response.status);
        expect((await response.text()).replace(/\n$/, "")).not.toMatch(unprintable);
        expectNoPollution();
      }),
      { numRuns: 500 },
    );
  });
});
