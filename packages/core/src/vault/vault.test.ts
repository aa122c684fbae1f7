import { createCipheriv, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf } from "../test/errors.ts";
import { vaultsOfOneStore } from "../test/vaults.ts";
import { deriveKey } from "./derived-key.ts";
import type { KeyProvider } from "./key-provider.ts";
import { generateKey, type KeyConfig } from "./keyring.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import type { SealContext } from "./vault.ts";

const oldKey: KeyConfig = { id: "2025-11", secret: generateKey() };
const key: KeyConfig = { id: "2026-11", secret: generateKey() };
const vaultOf = vaultsOfOneStore();
const vault = vaultOf(key, oldKey);
/** `GK`, format, form, length of the key id, key id, version. */
const headerLength = 5 + key.id.length + 4;
const context: SealContext = { kind: "grant", id: "con_1/gnt_1", version: 3 };
const plaintext = Buffer.from("s3cr3t refresh token");

describe("seal and open", () => {
  test("give back what was sealed, of any length", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.string(), fc.nat(), async (bytes, id, version) => {
        const bound = { kind: "flow", id, version } as const;
        const opened = await vault.open(await vault.seal(bytes, bound), bound);
        expect(Buffer.from(opened).equals(bytes)).toBe(true);
      }),
    );
  });

  test("E3 never seal the same in the same way", async () => {
    const sealed = await Promise.all(Array.from({ length: 500 }, () => vault.seal(plaintext, context)));
    const ivs = sealed.map((bytes) =>
      Buffer.from(bytes)
        .subarray(headerLength, headerLength + 12)
        .toString("hex"),
    );
    expect(new Set(ivs).size).toBe(sealed.length);
  });

  test("the sealed value shows its key's id, and nothing of what it holds", async () => {
    const sealed = Buffer.from(await vault.seal(plaintext, context));
    expect(sealed.subarray(0, headerLength).toString("latin1")).toBe(
      "GK\u0001\u0001\u00072026-11\u0000\u0000\u0000\u0001",
    );
    expect(sealed.length).toBe(headerLength + 12 + 32 + plaintext.length + 16);
    expect(sealed.includes("s3cr3t")).toBe(false);
  });

  test("opens a value that is a part of a larger buffer", async () => {
    const sealed = await vault.seal(plaintext, context);
    const larger = Buffer.concat([randomBytes(5), sealed, randomBytes(5)]);
    const opened = await vault.open(larger.subarray(5, 5 + sealed.byteLength), context);
    expect(Buffer.from(opened)).toEqual(plaintext);
  });
});

describe("what does not open", () => {
  test.each<[string, SealContext]>([
    ["in another row", { ...context, id: "con_2/gnt_1" }],
    ["in another grant of the row", { ...context, id: "con_1/gnt_2" }],
    ["under a newer version", { ...context, version: 4 }],
    ["under an older version", { ...context, version: 2 }],
    ["as another kind", { ...context, kind: "flow" }],
    ["as a setting", { ...context, kind: "setting" }],
    ["with id and version run together", { ...context, id: "con_1/gnt_13", version: 0 }],
  ])("E2 a value %s", async (_, other) => {
    const sealed = await vault.seal(plaintext, context);
    expect(await codeOf(() => vault.open(sealed, other))).toBe("decryption_failed");
  });

  test("E2 the ciphertext of one row in the envelope of another", async () => {
    const other = { ...context, id: "con_2/gnt_2" };
    const [one, two] = [await vault.seal(plaintext, context), await vault.seal(plaintext, other)];
    const spliced = Buffer.concat([one.subarray(0, headerLength), two.subarray(headerLength)]);
    expect(await codeOf(() => vault.open(spliced, context))).toBe("decryption_failed");
  });

  test("E2 a value whose key id was exchanged for that of another key", async () => {
    const sealed = Buffer.from(await vault.seal(plaintext, context));
    await vaultOf(oldKey).seal(plaintext, context);
    sealed.write("2025-11", 5);
    expect(await codeOf(() => vault.open(sealed, context))).toBe("decryption_failed");
  });

  test("E2 a value whose key id was exchanged for another id of the same key", async () => {
    const same: KeyConfig = { id: "2027-11", secret: key.secret };
    const two = vaultOf(key, same);
    const sealed = Buffer.from(await two.seal(plaintext, context));
    await vaultOf(same).seal(plaintext, context);
    sealed.write("2027-11", 5);
    expect(await codeOf(() => two.open(sealed, context))).toBe("decryption_failed");
  });

  test("a value under another key of the same id", async () => {
    const sealed = await vault.seal(plaintext, context);
    const stranger = vaultOf({ id: key.id, secret: generateKey() });
    expect(await codeOf(() => stranger.open(sealed, context))).toBe("decryption_failed");
  });

  test.each([4, 8, 12, 13, 14, 15])("E4 a value with a tag of %d bytes, though the tag is right", async (length) => {
    const keys: Uint8Array[] = [];
    const known: KeyProvider = {
      id: "known",
      wrap: async (key) => keys[keys.push(key) - 1] ?? key,
      unwrap: async (key) => key,
    };
    const own = vaultsOfOneStore()(known);
    const sealed = Buffer.from(await own.seal(plaintext, context));
    const secret = keys[0] ?? Buffer.alloc(0);
    const { encryption, commitment } = deriveKey(secret);
    const header = sealed.subarray(0, 5 + known.id.length + 4);
    const iv = randomBytes(12);
    const forge = (tagLength: number): Buffer => {
      const cipher = createCipheriv("aes-256-gcm", encryption, iv, { authTagLength: tagLength });
      cipher.setAAD(lengthPrefixed([header, context.kind, context.id, String(context.version)]));
      return Buffer.concat([header, iv, commitment, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    };
    expect(Buffer.from(await own.open(forge(16), context))).toEqual(plaintext);
    expect(await codeOf(() => own.open(forge(length), context))).toBe("decryption_failed");
  });

  test.each([0, 4, 8, 12])("E4 a value whose tag lost all but %d bytes", async (kept) => {
    const sealed = await vault.seal(plaintext, context);
    const cut = sealed.subarray(0, sealed.length - 16 + kept);
    expect(await codeOf(() => vault.open(cut, context))).toBe("decryption_failed");
  });

  test("E4 a value with any one bit flipped", async () => {
    const sealed = await vault.seal(plaintext, context);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = flip(sealed, bit);
      expect(await codeOf(() => vault.open(flipped, context)), `bit ${bit}`).toBe("decryption_failed");
    }
  });

  test("E4 a value with some bits flipped", async () => {
    const sealed = await vault.seal(randomBytes(200), context);
    const bits = fc.uniqueArray(fc.nat(sealed.length * 8 - 1), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(bits, async (some) => {
        const changed = some.reduce(flip, sealed);
        expect(await codeOf(() => vault.open(changed, context))).toBe("decryption_failed");
      }),
      { numRuns: 3_000 },
    );
  });

  test("E4 a value that was cut or made longer", async () => {
    const sealed = await vault.seal(plaintext, context);
    for (let length = 0; length < sealed.length; length++) {
      expect(await codeOf(() => vault.open(sealed.subarray(0, length), context))).toBe("decryption_failed");
    }
    for (const more of [1, 16, 1000]) {
      const longer = Buffer.concat([sealed, Buffer.alloc(more)]);
      expect(await codeOf(() => vault.open(longer, context))).toBe("decryption_failed");
    }
  });

  test("E9 bytes of any kind, which are kept apart from an absent row by their code", async () => {
    const header = fc.constantFrom(
      "GK\u0001\u0001\u00072026-11\u0000\u0000\u0000\u0001",
      "GK\u0001\u0001\u0001a\u0000\u0000\u0000\u0001",
      "GK\u0001\u0001\u0000",
      "GK\u0001\u0001\u00ff",
      "GK\u0001\u0002\u0001a",
      "GK\u0002\u0001\u0001a",
      "",
    );
    await fc.assert(
      fc.asyncProperty(header, fc.uint8Array({ maxLength: 120 }), async (start, rest) => {
        const bytes = Buffer.concat([Buffer.from(start, "latin1"), rest]);
        expect(await codeOf(() => vault.open(bytes, context))).toBe("decryption_failed");
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("messages", () => {
  test("E9 an unknown key is named by its id, and by nothing else", async () => {
    const sealed = await vaultOf(oldKey).seal(plaintext, context);
    const error = await errorOf(() => vaultOf(key).open(sealed, context));
    expect(error.code).toBe("decryption_failed");
    expect(error.message).toContain('"2025-11"');
    expect(error.cause).toBeUndefined();
    expectNothingShown(error.message);
  });

  test("E9 a value that was changed names its key, and nothing of its content", async () => {
    const sealed = await vault.seal(plaintext, context);
    const error = await errorOf(() => vault.open(flip(sealed, sealed.length * 8 - 1), context));
    expect(error.message).toContain('"2026-11"');
    expect(error.cause).toBeUndefined();
    expectNothingShown(error.message);
  });

  test.each([
    ["another format", (bytes: Buffer) => bytes.fill(2, 2, 3)],
    ["another beginning", (bytes: Buffer) => bytes.fill("X", 0, 1)],
    ["no key id", (bytes: Buffer) => bytes.fill(0, 4, 5)],
    ["a key id over the end", (bytes: Buffer) => bytes.fill(64, 4, 5)],
    ["a key id of control characters", (bytes: Buffer) => bytes.fill(27, 5, 7)],
  ])("E9 a value with %s shows nothing of itself", async (_, change) => {
    const sealed = change(Buffer.from(await vault.seal(plaintext, context)));
    const error = await errorOf(() => vault.open(sealed, context));
    expect(error.code).toBe("decryption_failed");
    expectNothingShown(error.message);
    expect(await codeOf(() => vault.keyOf(sealed))).toBe("decryption_failed");
  });

  function expectNothingShown(message: string): void {
    expect(message).not.toMatch(/s3cr3t|con_1|gnt_1/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
    expect(message).not.toMatch(/[\u0000-\u001f\u007f-\uffff]/);
    expect(message).not.toContain(String(key.secret));
    expect(message).not.toContain(String(oldKey.secret));
  }
});

describe("rotation of keys", () => {
  test("E7 the new first key seals, and what the old one sealed opens", async () => {
    const before = vaultOf(oldKey);
    const sealed = await before.seal(plaintext, context);
    expect(Buffer.from(await vault.open(sealed, context))).toEqual(plaintext);
    expect(vault.keyOf(sealed)).toEqual({ keyId: "2025-11", version: 1 });
    expect(await vault.isCurrent(sealed)).toBe(false);
    const anew = await vault.seal(plaintext, context);
    expect(vault.keyOf(anew)).toEqual({ keyId: "2026-11", version: 1 });
    expect(await vault.isCurrent(anew)).toBe(true);
  });

  test("E7 a key that was added but not promoted opens what is sealed elsewhere after promotion", async () => {
    const [added, promoted] = [vaultOf(oldKey, key), vaultOf(key, oldKey)];
    expect(Buffer.from(await added.open(await promoted.seal(plaintext, context), context))).toEqual(plaintext);
    expect(added.keyOf(await added.seal(plaintext, context)).keyId).toBe("2025-11");
  });
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}
