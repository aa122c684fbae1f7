import type { Rotation } from "@grantkeeper/core/connector";
import { beforeEach, expect, test } from "vitest";
import { createTokenEngine, type TokenEngine } from "./engine.ts";
import type { IssuedGrant } from "./issue.ts";

let time = 0;
beforeEach(() => {
  time = 1_000_000;
});

test("T1 none: the refresh token stays the same, and each refresh gives a new access token", () => {
  const { engine, first } = start({ kind: "none" });
  const [second, third] = [refresh(engine, first), refresh(engine, first)];
  expect(second.refreshToken).toBe(first.refreshToken);
  expect(new Set([first.accessToken, second.accessToken, third.accessToken]).size).toBe(3);
  expect(engine.useAccessToken(first.accessToken).kind).toBe("live");
});

test("T1 strict: a refresh ends the old refresh and access token at once", () => {
  const { engine, first } = start({ kind: "strict" });
  const second = refresh(engine, first);
  expect(engine.isAlive(first.refreshToken)).toBe(false);
  expect(engine.useAccessToken(first.accessToken).kind).toBe("revoked");
  expect(engine.isAlive(second.refreshToken)).toBe(true);
  expect(engine.useAccessToken(second.accessToken).kind).toBe("live");
});

test("T1 strict: reuse of any generation is noticed and ends the whole grant", () => {
  const { engine, issued, first } = start({ kind: "strict" }, { default: ["read"], user: ["search"] });
  const user = issued.tokenSets["user"];
  const third = refresh(engine, refresh(engine, first));
  expect(engine.refresh({ refreshToken: first.refreshToken, scopes: undefined })).toMatchObject({
    error: "invalid_grant",
    reuse: true,
  });
  expect(engine.isAlive(third.refreshToken)).toBe(false);
  expect(engine.useAccessToken(third.accessToken).kind).toBe("revoked");
  expect(engine.isAlive(user?.refreshToken ?? "")).toBe(false);
});

test("T1 strict: token sets are refreshed apart", () => {
  const { engine, issued, first } = start({ kind: "strict" }, { default: ["read"], user: ["search"] });
  refresh(engine, first);
  expect(engine.isAlive(issued.tokenSets["user"]?.refreshToken ?? "")).toBe(true);
  expect(engine.useAccessToken(issued.tokenSets["user"]?.accessToken ?? "").kind).toBe("live");
});

test("T1 untilUsed: the old refresh token lives until its successor is used", () => {
  const { engine, first } = start({ kind: "untilUsed" });
  const second = refresh(engine, first);
  expect(engine.isAlive(first.refreshToken)).toBe(true);
  const again = refresh(engine, first);
  expect(again.refreshToken).not.toBe(second.refreshToken);
  refresh(engine, again);
  expect(engine.isAlive(first.refreshToken)).toBe(false);
  expect(engine.refresh({ refreshToken: first.refreshToken, scopes: undefined })).toMatchObject({ reuse: true });
});

test("T1 untilUsed: the old refresh token lives until the new access token is used", () => {
  const { engine, first } = start({ kind: "untilUsed" });
  const second = refresh(engine, first);
  expect(engine.useAccessToken(first.accessToken).kind).toBe("live");
  expect(engine.isAlive(first.refreshToken)).toBe(true);
  expect(engine.useAccessToken(second.accessToken).kind).toBe("live");
  expect(engine.isAlive(first.refreshToken)).toBe(false);
  expect(engine.isAlive(second.refreshToken)).toBe(true);
});

test("T1 grace: the old refresh token lives for its window, counted from its first use", () => {
  const { engine, first } = start({ kind: "grace", windowSeconds: 30 });
  const second = refresh(engine, first);
  time += 20_000;
  const again = refresh(engine, first);
  time += 9_999;
  expect(engine.isAlive(first.refreshToken)).toBe(true);
  time += 1;
  expect(engine.isAlive(first.refreshToken)).toBe(false);
  expect(engine.isAlive(second.refreshToken) && engine.isAlive(again.refreshToken)).toBe(true);
  expect(engine.refresh({ refreshToken: first.refreshToken, scopes: undefined })).toMatchObject({ reuse: true });
  expect(engine.isAlive(second.refreshToken) || engine.isAlive(again.refreshToken)).toBe(false);
});

test("lifetimes end tokens to the millisecond", () => {
  const { engine, first } = start({ kind: "none" });
  time += 59_999;
  expect(engine.useAccessToken(first.accessToken).kind).toBe("live");
  time += 1;
  expect(engine.useAccessToken(first.accessToken).kind).toBe("expired");
  time += 600_000 - 60_000 - 1;
  expect(engine.isAlive(first.refreshToken)).toBe(true);
  time += 1;
  expect(engine.isAlive(first.refreshToken)).toBe(false);
  expect(engine.refresh({ refreshToken: first.refreshToken, scopes: undefined })).toMatchObject({
    error: "invalid_grant",
  });
});

test("a token that was changed by one character is unknown", () => {
  const { engine, first } = start({ kind: "none" });
  for (let index = 0; index < first.accessToken.length; index++) {
    const other = first.accessToken[index] === "A" ? "B" : "A";
    const forged = first.accessToken.slice(0, index) + other + first.accessToken.slice(index + 1);
    // The last character of a base64url tag holds spare bits.
    if (index < first.accessToken.length - 1) expect(engine.useAccessToken(forged).kind).toBe("unknown");
  }
  expect(engine.useAccessToken(first.refreshToken).kind).toBe("unknown");
  expect(engine.isAlive(first.accessToken)).toBe(false);
});

test("a refresh may ask for fewer scopes, never for more", () => {
  const { engine, first } = start({ kind: "none" }, { default: ["read", "write"] });
  const narrowed = engine.refresh({ refreshToken: first.refreshToken, scopes: ["read"] });
  const set = "error" in narrowed ? undefined : narrowed.tokenSets["default"];
  expect(set?.scopes).toEqual(["read"]);
  expect(engine.useAccessToken(set?.accessToken ?? "")).toMatchObject({ scopes: ["read"] });
  const wider = engine.refresh({ refreshToken: first.refreshToken, scopes: ["read", "admin"] });
  expect(wider).toMatchObject({ error: "invalid_scope" });
  expect(engine.useAccessToken(refresh(engine, first).accessToken)).toMatchObject({ scopes: ["read", "write"] });
});

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

function start(rotation: Rotation, scopes: Record<string, readonly string[]> = { default: ["read"] }) {
  const engine = createTokenEngine({
    state: { key: "a2V5", grants: [], codes: {} },
    clientId: "client",
    rotation,
    accessTokenLifetime: 60,
    refreshTokenLifetime: 600,
    now: () => time,
  });
  const issued = engine.seed({ accountId: "1", scopes, refreshTokens: true, accessTokenExpired: false });
  return { engine, issued, first: tokensOf(issued) };
}

function refresh(engine: TokenEngine, { refreshToken }: Tokens): Tokens {
  const issued = engine.refresh({ refreshToken, scopes: undefined });
  if ("error" in issued) throw new Error(issued.errorDescription);
  return tokensOf(issued);
}

function tokensOf(issued: IssuedGrant): Tokens {
  const set = issued.tokenSets["default"];
  if (set?.refreshToken === undefined) throw new Error("No refresh token was issued.");
  return { accessToken: set.accessToken, refreshToken: set.refreshToken };
}
