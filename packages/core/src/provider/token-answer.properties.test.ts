import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { exampleConnector } from "../test/connector.ts";
import { expectNoPollution, foreignJson, foreignObject } from "../test/foreign.ts";
import { judge } from "./token-answer.ts";

const now = Date.UTC(2026, 10, 23);
const fields = ["access_token", "refresh_token", "token_type", "error", "error_description", "scope", "id_token"];
const status = fc.oneof(fc.constantFrom(200, 400, 401, 408, 429, 500, 503), fc.integer({ min: 200, max: 599 }));
const body = fc.oneof(
  foreignJson(...fields),
  foreignObject(...fields),
  fc.record(
    {
      access_token: fc.oneof(fc.constantFrom("a", "b"), foreignJson()),
      refresh_token: fc.oneof(fc.constantFrom("r", "s"), foreignJson()),
      error: fc.oneof(fc.constantFrom("invalid_grant", "invalid_client", "server_error", ""), foreignJson()),
      scope: foreignJson(),
    },
    { requiredKeys: [] },
  ),
);
/** Hooks that throw, or that give whatever lies in the answer: their types say what they promise, and not what they do. */
const hooks = fc.constantFrom<Partial<Connector>[]>(
  {},
  { issuer: "https://login.example.com" },
  { readTokens: (answer) => answer as Readonly<Record<string, JsonObject>> },
  { readTokens: (answer) => ({ ["__proto__"]: answer, constructor: answer, user: answer }) },
  { readTokens: (answer) => JSON.parse(`{"__proto__":${JSON.stringify(answer)}}`) as never },
  { readTokens: () => failed() },
  { readTokens: () => undefined as never, readError: () => failed() },
  { readError: ({ body: answer }) => (answer as { readonly error?: Json } | null)?.error as never },
);
const refreshing = fc.constantFrom(undefined, "default", "user", "__proto__", "constructor");

function failed(): never {
  throw new TypeError("The hook tripped.");
}

describe("judge", () => {
  test("R36 R45 R57 knows what to do about any answer, and what it grants can be used", () => {
    const kinds = new Set<string>();
    fc.assert(
      fc.property(status, body, hooks, refreshing, (code, answer, change, set) => {
        const response = { status: code, headers: new Headers(), body: answer };
        const judged = judge(exampleConnector(change), { kind: "answered", response }, set, now);
        kinds.add(judged.kind);
        expectNoPollution(judged);
        if (judged.kind === "granted") {
          expect(code).toBeGreaterThanOrEqual(200);
          expect(code).toBeLessThan(300);
          for (const one of [judged.primary, ...Object.values(judged.tokenSets)]) {
            expect(one.access_token).toMatch(/^[\x21-\x7e]+$/);
            expectNoPollution(one);
          }
          expectNoPollution(judged.tokenSets);
        }
        if (judged.kind === "throttled" || judged.kind === "ambiguous") {
          expect(judged.retryAt.getTime()).toBeGreaterThan(now);
        }
        if (judged.kind === "invalid") {
          for (const token of Object.values(judged.refreshTokens)) expect(token.reveal()).not.toBe("");
          expectNoPollution(judged.refreshTokens);
        }
      }),
      { numRuns: 2_000 },
    );
    expect([...kinds].sort()).toEqual(["ambiguous", "granted", "invalid", "refused", "rejected", "throttled"]);
  });

  test("R36 an error beside no token is never a grant, whatever stands around it", () => {
    fc.assert(
      fc.property(status, foreignObject(...fields), fc.stringMatching(/^[a-z_]{1,20}$/), (code, around, error) => {
        const answer = { ...around, error, access_token: null, refresh_token: null };
        const response = { status: code, headers: new Headers(), body: answer };
        const judged = judge(exampleConnector(), { kind: "answered", response }, undefined, now);
        expect(["refused", "rejected", "throttled", "ambiguous"]).toContain(judged.kind);
        if (judged.kind === "refused" || judged.kind === "rejected") expect(judged.error.error).toBe(error);
      }),
    );
  });

  test("R45 a refresh token of the answer is in what is made of it, unless the answer says that nothing was spent", () => {
    const code = fc.integer({ min: 200, max: 428 }).filter((one) => one !== 408);
    // Not `invalid_grant`, and none that says "later": these say that nothing was spent.
    const anyError = fc.constantFrom(null, "", "invalid_client", "unknown");
    fc.assert(
      fc.property(code, foreignObject(...fields), anyError, hooks, (status, around, error, change) => {
        const answer = { ...around, error, error_description: null, refresh_token: "r" };
        const response = { status, headers: new Headers(), body: answer };
        const { readTokens: _, ...others } = change;
        const judged = judge(exampleConnector(others), { kind: "answered", response }, "default", now);
        const kept =
          judged.kind === "granted"
            ? judged.tokenSets["default"]?.refresh_token
            : judged.kind === "invalid"
              ? judged.refreshTokens["default"]?.reveal()
              : undefined;
        expect(kept).toBe("r");
      }),
    );
  });
});
