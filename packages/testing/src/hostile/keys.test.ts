import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { expectNoHarm, refusalOf } from "./test/harm.ts";
import { type HostileWalk, startWalk } from "./test/walk.ts";

// The age of keys is told by the machine's clock.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
  onTestFinished(() => void vi.useRealTimers());
});

function passSeconds(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

function keyRequests({ provider }: HostileWalk): number {
  return provider.requests.filter(({ url }) => url === "/jwks").length;
}

test("R30 a thousand ID tokens, each with a key id of its own, lead to one fetch of keys in a minute", async () => {
  const walk = await startWalk({ name: "id-token-new-kid-each-time" });
  for (let count = 0; count < 1_000; count++) {
    expect(await refusalOf(walk.connect())).toMatchObject({ code: "invalid_response" });
  }
  expect(keyRequests(walk)).toBe(1);
  passSeconds(61);
  for (let count = 0; count < 10; count++) await refusalOf(walk.connect());
  expect(keyRequests(walk)).toBe(2);
  expect(await walk.connectionIds()).toEqual([]);
});

test("R29 keys that never come whole are waited for once", async () => {
  const walk = await startWalk({ name: "jwks-slow-drip", stalls: true });
  expect(await refusalOf(walk.connect())).toMatchObject({ code: "provider_unavailable" });
  expect(keyRequests(walk)).toBe(1);
});

test("R30 keys that are missing are fetched again after a minute, and then a sign-in succeeds", async () => {
  const walk = await startWalk({ name: "jwks-empty" });
  expect(await refusalOf(walk.connect())).toMatchObject({ code: "invalid_response" });
  walk.provider.relent();
  expect(await refusalOf(walk.connect())).toMatchObject({ code: "invalid_response" });
  expect(keyRequests(walk)).toBe(1);
  passSeconds(61);
  await walk.connect();
  await walk.connect();
  expect(keyRequests(walk)).toBe(2);
  expectNoHarm(walk, undefined);
});
