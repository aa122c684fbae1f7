import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf } from "../test/errors.ts";
import { unbounded, vaultsOfOneStore } from "../test/vaults.ts";
import { createDataKeys } from "./data-keys.ts";
import { generateKey, type KeyConfig } from "./keyring.ts";
import type { SealContext } from "./vault.ts";

const oldKey: KeyConfig = { id: "2025-11", secret: generateKey() };
const newKey: KeyConfig = { id: "2026-11", secret: generateKey() };
const vaultOf = vaultsOfOneStore();
const keysOf = (...keys: readonly KeyConfig[]) => createDataKeys({ vault: vaultOf(...keys), ...unbounded });
const dataKeys = keysOf(oldKey);
const context: SealContext = { kind: "grant", id: "con_1/gnt_1", version: 3 };
const plaintext = Buffer.from("s3cr3t refresh token");

async function newKeyOf(connectionId = "con_1", keys = dataKeys) {
  return { connectionId, wrappedKey: await keys.create(connectionId) };
}

describe("seal and open", () => {
  test("give back what was sealed, of any length", async () => {
    const key = await newKeyOf();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const opened = await dataKeys.open(key, await dataKeys.seal(key, bytes, context), context);
        expect(Buffer.from(opened).equals(bytes)).toBe(true);
      }),
    );
  });

  test("E3 each connection has a key of its own, and no sealing is like another", async () => {
    const keys = await Promise.all(Array.from({ length: 100 }, (_, index) => newKeyOf(`con_${index}`)));
    expect(new Set(keys.map(({ wrappedKey }) => Buffer.from(wrappedKey).toString("hex"))).size).toBe(keys.length);
    const sealed = await Promise.all(keys.map((key) => dataKeys.seal(key, plaintext, context)));
    expect(new Set(sealed.map((bytes) => Buffer.from(bytes).toString("hex"))).size).toBe(keys.length);
  });

  test("E3 what was prepared seals one plaintext: its IV is used once", async () => {
    const key = await newKeyOf();
    const seal = await dataKeys.prepareSeal(key, context);
    expect(Buffer.from(await dataKeys.open(key, seal(plaintext), context))).toEqual(plaintext);
    expect(() => seal(plaintext)).toThrow(/state/);
  });

  test("show nothing of what they hold", async () => {
    const sealed = Buffer.from(await dataKeys.seal(await newKeyOf(), plaintext, context));
    expect(sealed.subarray(0, 4)).toEqual(Buffer.from([0x47, 0x4b, 1, 2]));
    expect(sealed.length).toBe(4 + 12 + 32 + plaintext.length + 16);
    expect(sealed.includes("s3cr3t")).toBe(false);
  });
});

describe("what does not open", () => {
  test.each<[string, SealContext]>([
    ["in another row", { ...context, id: "con_2/gnt_1" }],
    ["in another grant of the row", { ...context, id: "con_1/gnt_2" }],
    ["under another version", { ...context, version: 4 }],
    ["as another kind", { ...context, kind: "flow" }],
  ])("E2 a grant %s", async (_, other) => {
    const key = await newKeyOf();
    const sealed = await dataKeys.seal(key, plaintext, context);
    expect(await codeOf(() => dataKeys.open(key, sealed, other))).toBe("decryption_failed");
  });

  test("E2 a grant under another connection's key, and a key in another connection's row", async () => {
    const [own, other] = [await newKeyOf("con_1"), await newKeyOf("con_2")];
    const sealed = await dataKeys.seal(own, plaintext, context);
    expect(await codeOf(() => dataKeys.open(other, sealed, context))).toBe("decryption_failed");
    const moved = { connectionId: "con_1", wrappedKey: other.wrappedKey };
    expect(await codeOf(() => dataKeys.open(moved, sealed, context))).toBe("decryption_failed");
  });

  test("E4 a grant with any bit changed, or cut anywhere", async () => {
    const key = await newKeyOf();
    const sealed = Buffer.from(await dataKeys.seal(key, plaintext, context));
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await codeOf(() => dataKeys.open(key, changed, context))).toBe("decryption_failed");
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(await codeOf(() => dataKeys.open(key, sealed.subarray(0, length), context))).toBe("decryption_failed");
    }
  });

  test("E9 any bytes at all are an error of their own, with nothing of them in it", async () => {
    const key = await newKeyOf();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const error = await errorOf(() => dataKeys.open(key, bytes, context));
        expect(error).toMatchObject({ code: "decryption_failed" });
        const wrong = { connectionId: "con_1", wrappedKey: bytes };
        expect(await codeOf(() => dataKeys.open(wrong, randomBytes(60), context))).toBe("decryption_failed");
      }),
    );
  });

  test("E9 a wrapped key that does not hold 32 bytes", async () => {
    const wrappedKey = await vaultOf(oldKey).seal(randomBytes(16), { kind: "data-key", id: "con_1", version: 1 });
    const key = { connectionId: "con_1", wrappedKey };
    expect(await codeOf(() => dataKeys.seal(key, plaintext, context))).toBe("decryption_failed");
  });
});

describe("rewrapping", () => {
  test("E7 wraps the same key in the first one of the configuration, and is done once", async () => {
    const key = await newKeyOf();
    const sealed = await dataKeys.seal(key, plaintext, context);
    const wrappedKey = await keysOf(newKey, oldKey).rewrap(key);
    const rewrapped = { connectionId: "con_1", wrappedKey: wrappedKey ?? Buffer.alloc(0) };
    expect(Buffer.from(await keysOf(newKey).open(rewrapped, sealed, context))).toEqual(plaintext);
    expect(await keysOf(newKey, oldKey).rewrap(rewrapped)).toBeUndefined();
    expect(await dataKeys.rewrap(key)).toBeUndefined();
  });

  test("E9 a key whose wrapping key is not there is an error", async () => {
    const key = await newKeyOf();
    expect(await codeOf(() => keysOf(newKey).rewrap(key))).toBe("decryption_failed");
  });
});
