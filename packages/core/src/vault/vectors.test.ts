import { createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { keyvStore } from "../store/keyv-store.ts";
import { keySetOf } from "../test/vaults.ts";
import { decrypt, encrypt } from "./cipher.ts";
import { commitmentLength, type DerivedKey, deriveKey } from "./derived-key.ts";
import { openIndex } from "./index-key.ts";
import { generateKey } from "./keyring.ts";
import { createVault } from "./vault.ts";

// Project Wycheproof's vectors (test-vectors/README.md), through the vault's own functions where their shape allows it.

interface Vector {
  readonly tcId: number;
  readonly comment: string;
  readonly flags: readonly string[];
  readonly result: "valid" | "invalid" | "acceptable";
}

interface Sealing extends Vector {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

interface Derivation extends Vector {
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
}

interface Authentication extends Vector {
  readonly key: string;
  readonly msg: string;
  readonly tag: string;
}

/** Sizes in bits. */
interface Group<V extends Vector> {
  readonly keySize: number;
  readonly ivSize?: number;
  readonly tagSize?: number;
  readonly tests: readonly V[];
}

interface VectorFile<V extends Vector> {
  readonly numberOfTests: number;
  readonly testGroups: readonly Group<V>[];
}

const read = <V extends Vector>(name: string): VectorFile<V> =>
  JSON.parse(readFileSync(new URL(`./test-vectors/${name}`, import.meta.url), "utf8"));
const aesGcm = read<Sealing>("aes_gcm_test.json");
const hkdf = read<Derivation>("hkdf_sha256_test.json");
const hmac = read<Authentication>("hmac_sha256_test.json");

const all = <V extends Vector>(file: VectorFile<V>, applies: (group: Group<V>) => boolean = () => true): readonly V[] =>
  file.testGroups.filter(applies).flatMap(({ tests }) => tests);
const valid = <V extends Vector>(vectors: readonly V[]): readonly V[] =>
  vectors.filter(({ result }) => result === "valid");
const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");

/** How many vectors there are of each result, so that a test that ran none of them fails. */
function count(vectors: readonly Vector[]): Partial<Record<Vector["result"], number>> {
  const counts: Partial<Record<Vector["result"], number>> = {};
  for (const { result } of vectors) counts[result] = (counts[result] ?? 0) + 1;
  return counts;
}

const nameOf = ({ tcId, result, comment, flags }: Vector): string => [tcId, result, comment, ...flags].join(", ");

/** Names every vector of which the claim is false. */
function expectOfEach<V extends Vector>(vectors: readonly V[], claim: (vector: V) => boolean): void {
  expect(vectors.filter((vector) => !claim(vector)).map(nameOf)).toEqual([]);
}

test.each([
  ["aes_gcm_test.json", aesGcm, 256],
  ["hkdf_sha256_test.json", hkdf, 105],
  ["hmac_sha256_test.json", hmac, 174],
] as const)("%s is whole", (_name, file: VectorFile<Vector>, vectors) => {
  expect(file.numberOfTests).toBe(vectors);
  expect(new Set(all(file).map(({ tcId }) => tcId)).size).toBe(vectors);
});

describe("AES-256-GCM", () => {
  const vectors = all(aesGcm, ({ keySize, ivSize, tagSize }) => keySize === 256 && ivSize === 96 && tagSize === 128);
  const commitment = randomBytes(commitmentLength);
  const keyOf = (vector: Sealing): DerivedKey => ({ encryption: createSecretKey(bytes(vector.key)), commitment });
  const sealedOf = ({ iv, ct, tag }: Sealing, tagLength = 16): Buffer =>
    Buffer.concat([bytes(iv), commitment, bytes(ct), bytes(tag).subarray(0, tagLength)]);
  const opened = (vector: Sealing, sealed = sealedOf(vector)): string | undefined =>
    decrypt(keyOf(vector), sealed, bytes(vector.aad))?.toString("hex");

  test("E4 decrypt opens what is valid, and nothing that is invalid", () => {
    expect(count(vectors)).toEqual({ valid: 21, invalid: 27 });
    expectOfEach(vectors, (vector) => opened(vector) === (vector.result === "valid" ? vector.msg : undefined));
  });

  test.each([4, 8, 12])("E4 decrypt opens nothing by a tag cut to %i bytes", (tagLength) => {
    expect(count(valid(vectors))).toEqual({ valid: 21 });
    // AES-GCM itself takes them, so that it is the vault that refuses.
    expectOfEach(valid(vectors), ({ key, iv, aad, ct, tag, msg }) => {
      const decipher = createDecipheriv("aes-256-gcm", bytes(key), bytes(iv), { authTagLength: tagLength });
      decipher.setAAD(bytes(aad)).setAuthTag(bytes(tag).subarray(0, tagLength));
      return Buffer.concat([decipher.update(bytes(ct)), decipher.final()]).toString("hex") === msg;
    });
    expectOfEach(valid(vectors), (vector) => opened(vector, sealedOf(vector, tagLength)) === undefined);
  });

  test("E4 decrypt opens nothing under an IV of another length than 12 bytes", () => {
    const others = all(aesGcm, ({ keySize, ivSize }) => keySize === 256 && ivSize !== 96);
    expect(count(others)).toEqual({ valid: 25, acceptable: 10, invalid: 2 });
    expectOfEach(others, (vector) => opened(vector) === undefined);
  });

  test("E6 decrypt and encrypt take no key of 16 or 24 bytes", () => {
    const shorter = valid(all(aesGcm, ({ keySize, ivSize }) => keySize !== 256 && ivSize === 96));
    expect(count(shorter)).toEqual({ valid: 41 });
    for (const vector of shorter) {
      const seal = () => encrypt(keyOf(vector), bytes(vector.msg), bytes(vector.aad));
      expect(() => opened(vector), nameOf(vector)).toThrow("Invalid key length");
      expect(seal, nameOf(vector)).toThrow("Invalid key length");
    }
  });

  test("E5 decrypt opens nothing that is valid beside another commitment", () => {
    expect(count(valid(vectors))).toEqual({ valid: 21 });
    expectOfEach(valid(vectors), (vector) => {
      const other = { ...keyOf(vector), commitment: randomBytes(commitmentLength) };
      return decrypt(other, sealedOf(vector), bytes(vector.aad)) === undefined;
    });
  });

  // For one key, IV and associated data a message has one ciphertext and one tag: what decrypt opens, encrypt made right.
  test("E3 decrypt opens what encrypt makes of each message, under an IV of its own", () => {
    expect(count(valid(vectors))).toEqual({ valid: 21 });
    const ivs = new Set(valid(vectors).map(({ iv }) => iv));
    const before = ivs.size;
    expectOfEach(valid(vectors), (vector) => {
      const sealed = encrypt(keyOf(vector), bytes(vector.msg), bytes(vector.aad));
      ivs.add(sealed.toString("hex", 0, 12));
      return sealed.length === sealedOf(vector).length && opened(vector, sealed) === vector.msg;
    });
    expect(ivs.size - before).toBe(21);
  });
});

describe("HKDF-SHA-256", () => {
  test.each([
    ["bytes", bytes],
    ["a key object", (hex: string) => createSecretKey(bytes(hex))],
  ] as const)("E5 hkdfSync gives what is valid of %s, and no longer output than there is", (_form, secretOf) => {
    const vectors = all(hkdf);
    expect(count(vectors)).toEqual({ valid: 102, invalid: 3 });
    const derive = ({ ikm, salt, info, size }: Derivation): string =>
      Buffer.from(hkdfSync("sha256", secretOf(ikm), bytes(salt), bytes(info), size)).toString("hex");
    expectOfEach(valid(vectors), (vector) => derive(vector) === vector.okm);
    for (const vector of vectors.filter(({ result }) => result === "invalid")) {
      expect(() => derive(vector), nameOf(vector)).toThrow("Invalid key length");
    }
  });

  test("E5 deriveKey is HKDF without a salt, with the info that docs/envelope.md gives", () => {
    const vectors = valid(all(hkdf, ({ keySize }) => keySize === 256));
    expect(count(vectors)).toEqual({ valid: 35 });
    expectOfEach(vectors, ({ ikm }) => {
      const derive = (info: string): Buffer => Buffer.from(hkdfSync("sha256", bytes(ikm), "", info, 32));
      const { encryption, commitment } = deriveKey(bytes(ikm));
      return (
        encryption.export().equals(derive("grantkeeper 1 encryption")) &&
        commitment.equals(derive("grantkeeper 1 commitment"))
      );
    });
  });
});

describe("HMAC-SHA-256", () => {
  test("E10 createHmac gives what is valid, and nothing that is invalid", () => {
    const vectors = all(hmac);
    expect(count(vectors)).toEqual({ valid: 66, invalid: 108 });
    expectOfEach(vectors, ({ key, msg, tag, result }) => {
      const made = createHmac("sha256", createSecretKey(bytes(key)))
        .update(bytes(msg))
        .digest("hex");
      return made.startsWith(tag) === (result === "valid");
    });
  });

  test("E10 the index hashes by it, keyed with the whole index key", async () => {
    const vectors = valid(all(hmac, ({ keySize, tagSize }) => keySize === 256 && tagSize === 256));
    const hashed = Buffer.from("\0\0\0\x05owner\0\0\0\x06user-1");
    const made: string[] = [];
    const expected: string[] = [];
    for (const { key } of vectors) {
      const store = keyvStore();
      const vault = createVault(keySetOf(store.records, { id: "2026-11", secret: generateKey() }));
      const sealed = await vault.seal(bytes(key), { kind: "setting", id: "index-key", version: 1 });
      await store.records.compareAndSet("index-key", undefined, sealed);
      made.push((await openIndex(store, vault)).hash("owner", "user-1"));
      expected.push(createHmac("sha256", bytes(key)).update(hashed).digest("base64url"));
    }
    expect(made).toEqual(expected);
    expect(new Set(made).size).toBe(27);
  });
});
