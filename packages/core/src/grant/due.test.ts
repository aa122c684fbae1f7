import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { TokenSet } from "../provider/token-response.ts";
import { secretOf } from "../secret.ts";
import { exampleConnector } from "../test/connector.ts";
import { type DueGrant, dueAtOf, dueAtOfSet } from "./due.ts";

const day = 24 * 60 * 60;

function tokenSet(change: Partial<TokenSet> = {}): TokenSet {
  return {
    accessToken: secretOf("a"),
    refreshToken: secretOf("r"),
    tokenType: "Bearer",
    obtainedAt: 1_000,
    scopes: [],
    ...change,
  };
}

function grantOf(tokenSets: DueGrant["tokenSets"], ended: DueGrant["ended"] = {}): DueGrant {
  return { tokenSets, ended };
}

const idle = exampleConnector({ refreshTokenIdleLifetime: 10 * day });

describe("dueAtOfSet", () => {
  test("D8 lies around the middle of an idle life, for every connection", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 3650 * day }), (id, seconds) => {
        const connector = exampleConnector({ refreshTokenIdleLifetime: seconds });
        const share = ((dueAtOfSet(tokenSet(), connector, id) ?? 0) - 1_000) / (seconds * 1000);
        expect(share).toBeGreaterThanOrEqual(0.39);
        expect(share).toBeLessThanOrEqual(0.61);
      }),
    );
  });

  test("D8 a rotating provider's refresh token is renewed before its own end", () => {
    const rotating = exampleConnector({ rotation: { kind: "strict" } });
    const dueAt = dueAtOfSet(tokenSet({ refreshTokenExpiresAt: 1_000 + 100_000 }), rotating, "con_1") ?? 0;
    expect(dueAt).toBeGreaterThanOrEqual(1_000 + 40_000);
    expect(dueAt).toBeLessThanOrEqual(1_000 + 60_000);
  });

  test("an end that no refresh moves is not worth one", () => {
    const fixed = exampleConnector({ rotation: { kind: "none" } });
    expect(dueAtOfSet(tokenSet({ refreshTokenExpiresAt: 101_000 }), fixed, "con_1")).toBeUndefined();
  });

  test("nothing is due without a refresh token, or where the provider says nothing of an end", () => {
    const { refreshToken: _, ...without } = tokenSet();
    expect(dueAtOfSet(without, idle, "con_1")).toBeUndefined();
    expect(dueAtOfSet(tokenSet(), exampleConnector(), "con_1")).toBeUndefined();
  });

  test("an end before the beginning is due at once", () => {
    const rotating = exampleConnector({ rotation: { kind: "strict" } });
    expect(dueAtOfSet(tokenSet({ refreshTokenExpiresAt: 0 }), rotating, "con_1")).toBe(1_000);
  });
});

describe("dueAtOf", () => {
  test("is that of the token set that is due first, of those that live", () => {
    const [early, late] = [tokenSet(), tokenSet({ obtainedAt: 5 * day * 1000 })];
    const own = (set: TokenSet) => dueAtOfSet(set, idle, "con_1");
    expect(dueAtOf(grantOf({ default: late, user: early }), idle, "con_1")).toBe(own(early));
    expect(dueAtOf(grantOf({ default: late, user: early }, { user: "revoked" }), idle, "con_1")).toBe(own(late));
    expect(dueAtOf(grantOf({ user: early }, { user: "revoked" }), idle, "con_1")).toBeUndefined();
  });
});
