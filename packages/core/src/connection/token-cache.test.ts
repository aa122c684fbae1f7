import { describe, expect, test } from "vitest";
import type { Grant, OpenGrant } from "../grant/grant.ts";
import { createTokenCache } from "./token-cache.ts";

const grant: Grant = {
  connector: "example",
  owner: "owner",
  params: {},
  issuer: undefined,
  tokenEndpoint: "https://login.example.com/token",
  clientId: "client-1",
  tokenSets: {},
  requestedScopes: {},
  account: undefined,
  subject: undefined,
  metadata: {},
  ended: {},
  connectedAt: 0,
  refreshedAt: undefined,
};

function open(connectionId: string, version = 1, grantId = "g", readAt = 0): OpenGrant {
  const row = {
    connectionId,
    connector: "example",
    ownerHash: "o",
    grantId,
    version,
    sealed: new Uint8Array(),
    state: "active",
    identityHash: "i",
    accountHash: "a",
    wrappedKey: Uint8Array.of(1),
    dueAt: undefined,
    tokenHashes: [],
    fence: 0,
    lease: undefined,
    intents: [],
    createdAt: 0,
    updatedAt: 0,
    readAt,
  } as const;
  return { row, grant };
}

describe("createTokenCache", () => {
  test("keeps what was read, and when", () => {
    const cache = createTokenCache(10);
    expect(cache.get("a")).toBeUndefined();
    cache.set(open("a"), 5);
    expect(cache.get("a")).toEqual({ ...open("a"), checkedAt: 5 });
  });

  test("I3 never replaces a newer version by an older one, and hands out the newer", () => {
    const cache = createTokenCache(10);
    cache.set(open("a", 2), 5);
    expect(cache.set(open("a", 1), 6).row.version).toBe(2);
    expect(cache.get("a")).toMatchObject({ row: { version: 2 }, checkedAt: 5 });
  });

  test.each([2, 3])("a read of version %d replaces version 2", (version) => {
    const cache = createTokenCache(10);
    cache.set(open("a", 2), 5);
    expect(cache.set(open("a", version), 6)).toMatchObject({ row: { version }, checkedAt: 6 });
    expect(cache.get("a")).toMatchObject({ row: { version }, checkedAt: 6 });
  });

  test("F14 a new consent replaces what was held, though a restored row brought it a lower version", () => {
    const cache = createTokenCache(10);
    cache.set(open("a", 7, "before", 100), 5);
    expect(cache.set(open("a", 6, "after", 101), 6).row.grantId).toBe("after");
    expect(cache.set(open("a", 7, "before", 100), 7).row.grantId).toBe("after");
  });

  test("is bounded: the oldest goes first", () => {
    const cache = createTokenCache(3);
    const ids = Array.from({ length: 1_000 }, (_, index) => `con_${index}`);
    for (const id of ids) cache.set(open(id), 0);
    expect(ids.filter((id) => cache.get(id) !== undefined)).toEqual(["con_997", "con_998", "con_999"]);
  });

  test("a known connection pushes no other out", () => {
    const cache = createTokenCache(2);
    cache.set(open("a"), 0);
    cache.set(open("b"), 0);
    cache.set(open("b", 2), 0);
    expect(cache.get("a")).toBeDefined();
  });

  test("forgets one, or all", () => {
    const cache = createTokenCache(10);
    for (const id of ["a", "b", "c"]) cache.set(open(id), 0);
    cache.delete("a");
    expect(["a", "b", "c"].map((id) => cache.get(id) !== undefined)).toEqual([false, true, true]);
    cache.clear();
    expect(["a", "b", "c"].map((id) => cache.get(id) !== undefined)).toEqual([false, false, false]);
  });

  test("a connection that was forgotten begins anew, at any version", () => {
    const cache = createTokenCache(10);
    cache.set(open("a", 9), 0);
    cache.delete("a");
    expect(cache.set(open("a", 1), 0).row.version).toBe(1);
  });
});
