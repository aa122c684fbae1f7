import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyvStore } from "../store/keyv-store.ts";
import type { Store } from "../store/port.ts";
import { codeOf, errorOf } from "../test/errors.ts";
import { keySetOf } from "../test/vaults.ts";
import type { KeyProvider } from "./key-provider.ts";
import { createKeySet } from "./key-set.ts";
import { createKeyProviders, generateKey, type KeyConfig } from "./keyring.ts";

const one: KeyConfig = { id: "one", secret: generateKey() };
const other: KeyConfig = { id: "other", secret: generateKey() };
const newRecords = (): Store["records"] => keyvStore().records;

/** A key management service that counts its calls, and that can be away. */
function createService() {
  const calls = { wrap: 0, unwrap: 0 };
  const state: { failure: Error | undefined } = { failure: undefined };
  const asked = (kind: keyof typeof calls, key: Uint8Array): Uint8Array => {
    calls[kind]++;
    if (state.failure !== undefined) throw state.failure;
    return key.map((byte) => byte ^ 0x5a);
  };
  const provider: KeyProvider = {
    id: "service",
    wrap: async (key) => asked("wrap", key),
    unwrap: async (key) => asked("unwrap", key),
  };
  return { provider, calls, state };
}

describe("the keys of a store", () => {
  test("E1 there is one under the first key of the configuration, the same for everybody", async () => {
    const records = newRecords();
    const keys = await Promise.all(Array.from({ length: 10 }, () => keySetOf(records, one, other).sealing()));
    expect(new Set(keys.map(({ derived }) => derived.commitment.toString("hex"))).size).toBe(1);
    expect(keys[0]).toMatchObject({ keyId: "one", version: 1 });
  });

  test("E7 a promoted key gets one of its own, and processes that differ in the order read each other's", async () => {
    const records = newRecords();
    const [before, after] = [keySetOf(records, one, other), keySetOf(records, other, one)];
    const [old, next] = [await before.sealing(), await after.sealing()];
    expect(next.keyId).toBe("other");
    expect(next.derived.commitment).not.toEqual(old.derived.commitment);
    expect((await before.find(next)).derived.commitment).toEqual(next.derived.commitment);
    expect((await after.find(old)).derived.commitment).toEqual(old.derived.commitment);
  });

  test("E7 a renewed key has a version of its own and seals from then on, also where two renew at once", async () => {
    const records = newRecords();
    const [own, another] = [keySetOf(records, one), keySetOf(records, one)];
    const first = await own.sealing();
    const renewed = await Promise.all([own.renew(), another.renew()]);
    expect(renewed.map(({ version }) => version)).toEqual([2, 2]);
    expect(renewed[0].derived.commitment).toEqual(renewed[1].derived.commitment);
    expect((await own.sealing()).version).toBe(2);
    expect((await own.find(first)).derived.commitment).toEqual(first.derived.commitment);
  });

  test("E9 a key that is not configured is named, and stays", async () => {
    const records = newRecords();
    const key = await keySetOf(records, one).sealing();
    const stranger = keySetOf(records, other);
    const error = await errorOf(() => stranger.find(key));
    expect(error).toMatchObject({ code: "decryption_failed" });
    expect(error.message).toContain('"one"');
    await stranger.sealing();
    expect((await keySetOf(records, one).find(key)).derived.commitment).toEqual(key.derived.commitment);
  });

  test("E9 a version that the store does not have is an error", async () => {
    expect(await codeOf(() => keySetOf(newRecords(), one).find({ keyId: "one", version: 7 }))).toBe(
      "decryption_failed",
    );
  });

  test("E9 whatever lies in the record gives a key or an error of its own, and is never written over", async () => {
    const entry = fc.record({
      keyId: fc.oneof(fc.constantFrom("one", "a b", ""), fc.anything()),
      version: fc.oneof(fc.constantFrom(0, 1, 1.5, -1, 2 ** 32), fc.anything()),
      wrapped: fc.oneof(fc.constant("AAAA"), fc.anything()),
    });
    const text = fc.oneof(
      fc.string(),
      fc
        .record({ format: fc.constantFrom(1, 2), keys: fc.oneof(fc.array(entry, { minLength: 1 }), fc.anything()) })
        .map((value) => JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? 0 : part))),
    );
    await fc.assert(
      fc.asyncProperty(text, async (stored) => {
        const records = newRecords();
        await records.compareAndSet("keys", undefined, Buffer.from(stored));
        const code = await codeOf(() => keySetOf(records, one).find({ keyId: "one", version: 1 }));
        expect(code).toBe("decryption_failed");
        expect(Buffer.from((await records.get("keys")) ?? [])).toEqual(Buffer.from(stored));
      }),
      { numRuns: 500 },
    );
  });
});

test("E7 another process's new key seals here, too, once the known ones are old, and the old ones do without the store", async () => {
  const records = newRecords();
  let now = 0;
  let away = false;
  const options = { providers: createKeyProviders([one]), lifetimeMs: 1_000, now: () => now };
  const flaky = { ...records, get: (name: string) => (away ? Promise.reject(new Error("away")) : records.get(name)) };
  const keySet = createKeySet({ records: flaky, ...options });
  await keySet.sealing();
  await createKeySet({ records, ...options }).renew();
  now = 999;
  expect((await keySet.sealing()).version).toBe(1);
  now = 1_000;
  away = true;
  expect((await keySet.sealing()).version).toBe(1);
  away = false;
  expect((await keySet.sealing()).version).toBe(2);
});

describe("a key management service", () => {
  test("E1 is asked once for each key, and again when its time is over", async () => {
    const { provider, calls } = createService();
    let now = 0;
    const keySet = createKeySet({
      records: newRecords(),
      providers: [provider],
      lifetimeMs: 1_000,
      now: () => now,
    });
    const { keyId, version } = await keySet.sealing();
    for (let count = 0; count < 20; count++) await keySet.find({ keyId, version });
    expect(calls).toEqual({ wrap: 1, unwrap: 1 });
    now = 1_000;
    await keySet.sealing();
    expect(calls).toEqual({ wrap: 1, unwrap: 2 });
  });

  test("E1 that is away is keys_unavailable, shows nothing of its own, and nothing is sealed without it", async () => {
    const { provider, state } = createService();
    const records = newRecords();
    const keySet = createKeySet({ records, providers: [provider], lifetimeMs: 0, now: () => 0 });
    state.failure = new Error("request with s3cr3t failed");
    const error = await errorOf(() => keySet.sealing());
    expect(error).toMatchObject({ code: "keys_unavailable", remedy: "retry" });
    expect(`${error.message} ${String(error.cause)}`).not.toContain("s3cr3t");
    expect(await records.get("keys")).toBeUndefined();
    state.failure = undefined;
    const key = await keySet.sealing();
    state.failure = new Error("away");
    expect(await codeOf(() => keySet.find(key))).toBe("keys_unavailable");
    expect(await codeOf(() => keySet.sealing())).toBe("keys_unavailable");
  });

  test.each<[string, Partial<KeyProvider>]>([
    [
      "what it cannot open",
      { wrap: async () => randomBytes(32), unwrap: () => Promise.reject(new Error("what is that")) },
    ],
    ["another key", { wrap: async () => randomBytes(32), unwrap: async () => randomBytes(32) }],
    ["too little", { wrap: async (key) => key.subarray(1), unwrap: async (key) => key }],
  ])("E9 that wraps %s leaves no key behind, and the ones before it seal on", async (_, change) => {
    const { provider } = createService();
    const records = newRecords();
    const options = { records, lifetimeMs: 0, now: () => 0 };
    const { version } = await createKeySet({ ...options, providers: [provider] }).sealing();
    const before = await records.get("keys");
    const wrong = createKeySet({ ...options, providers: [{ ...provider, ...change }] });
    expect(["decryption_failed", "keys_unavailable"]).toContain(await codeOf(() => wrong.renew()));
    expect(await records.get("keys")).toEqual(before);
    expect((await createKeySet({ ...options, providers: [provider] }).sealing()).version).toBe(version);
  });

  test("E9 that gives back something else than 32 bytes is an error", async () => {
    const provider: KeyProvider = { id: "odd", wrap: async (key) => key, unwrap: async () => randomBytes(16) };
    const keySet = createKeySet({ records: newRecords(), providers: [provider], lifetimeMs: 0, now: () => 0 });
    expect(await codeOf(() => keySet.sealing())).toBe("decryption_failed");
  });
});
