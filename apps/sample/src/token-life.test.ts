import type { ConnectionStatus } from "@grantkeeper/core";
import { expect, test } from "vitest";
import { duration, tokenLife } from "./token-life.ts";

const start = Date.parse("2026-11-23T09:00:00Z");
const set: ConnectionStatus["tokenSets"][string] = {
  ended: undefined,
  scopes: { requested: [], granted: [], missing: [] },
  obtainedAt: new Date(start),
  expiresAt: new Date(start + 30_000),
  refreshable: true,
  refreshTokenExpiresAt: undefined,
};
const status: ConnectionStatus = {
  connectionId: "con_example",
  connector: "github",
  state: "active",
  account: undefined,
  params: {},
  metadata: {},
  tokenSets: { default: set },
  connectedAt: new Date(start),
  refreshedAt: undefined,
};

test("a token's life runs down to nothing and not below", () => {
  expect(tokenLife(set, status, start)).toMatchObject({ share: 1, left: "good for 30 s", origin: "received just now" });
  expect(tokenLife(set, status, start + 15_000)).toMatchObject({ share: 0.5, left: "good for 15 s" });
  expect(tokenLife(set, status, start + 90_000)).toMatchObject({
    share: 0,
    left: "expired, refreshed at its next use",
  });
});

test("a token that came after the consent was refreshed", () => {
  const refreshed = { ...set, obtainedAt: new Date(start + 1), expiresAt: undefined };
  const life = tokenLife(refreshed, status, start + 3_001);
  expect(life).toMatchObject({ share: undefined, left: "does not expire", origin: "refreshed 3 s ago" });
});

test("nothing is promised of a token that cannot be refreshed or has ended", () => {
  expect(tokenLife({ ...set, refreshable: false }, status, start + 90_000).left).toBe("expired");
  expect(tokenLife({ ...set, ended: "revoked" }, status, start).left).toBe("ended");
});

test.each([
  [400, "0 s"],
  [119_000, "119 s"],
  [120_000, "2 min"],
  [8 * 3_600_000, "8 h"],
  [183 * 86_400_000, "183 days"],
])("%i ms in words", (milliseconds, words) => {
  expect(duration(milliseconds)).toBe(words);
});
