import { randomBytes } from "node:crypto";
import { keyProviderContract } from "@grantkeeper/testing";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf } from "../test/errors.ts";
import type { KeyContext, KeyProvider } from "./key-provider.ts";
import { createKeyProviders, generateKey, type KeyConfig } from "./keyring.ts";

describe("a key of the configuration", () => {
  keyProviderContract(test, async () => {
    const [secret, other] = [generateKey(), generateKey()];
    return {
      client: () => createKeyProviders([{ id: "configured-key", secret }])[0],
      stranger: () => createKeyProviders([{ id: "configured-key", secret: other }])[0],
      dispose: async () => undefined,
    };
  });
});

describe("generateKey", () => {
  test("E6 gives base64url of 32 random bytes, never the same, that a keeper takes", () => {
    const keys = Array.from({ length: 1_000 }, generateKey);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(Buffer.from(key, "base64url").byteLength).toBe(32);
    expect(createKeyProviders([{ id: "a", secret: generateKey() }])[0].id).toBe("a");
  });
});

const wrapped = randomBytes(32);
const context: KeyContext = { keyId: "a", version: 1 };

describe("createKeyProviders", () => {
  test("R54 an id and a secret that were swapped are refused without quoting either", () => {
    const secret = generateKey();
    const swapped = () => createKeyProviders([{ id: secret, secret: "2026-11" }]);
    expect(swapped).toThrow(/swapped/);
    expect(swapped).not.toThrow(new RegExp(secret));
  });

  test("E7 keeps their order", () => {
    const providers = createKeyProviders([
      { id: "new", secret: generateKey() },
      { id: "old", secret: generateKey() },
    ]);
    expect(providers.map(({ id }) => id)).toEqual(["new", "old"]);
  });

  test("takes the bytes themselves as well as their text", async () => {
    const bytes = randomBytes(32);
    const [one] = createKeyProviders([{ id: "a", secret: new Uint8Array(bytes) }]);
    const [other] = createKeyProviders([{ id: "a", secret: bytes.toString("base64url") }]);
    expect(Buffer.from(await other.unwrap(await one.wrap(wrapped, context), context))).toEqual(wrapped);
  });

  test("keeps its key when the caller wipes the bytes that it gave", async () => {
    const bytes = randomBytes(32);
    const [before] = createKeyProviders([{ id: "a", secret: new Uint8Array(bytes) }]);
    const [keeping] = createKeyProviders([{ id: "a", secret: bytes }]);
    bytes.fill(0);
    expect(Buffer.from(await keeping.unwrap(await before.wrap(wrapped, context), context))).toEqual(wrapped);
  });

  test("E1 takes a key that is kept elsewhere as it is", () => {
    const elsewhere: KeyProvider = { id: "kms", wrap: async (key) => key, unwrap: async (key) => key };
    expect(createKeyProviders([elsewhere])).toEqual([elsewhere]);
  });

  test.each([
    ["another key's id", { keyId: "b", version: 1 }],
    ["another version", { keyId: "a", version: 2 }],
  ])("E2 what was wrapped does not open under %s", async (_, other) => {
    const [provider] = createKeyProviders([{ id: "a", secret: generateKey() }]);
    const bytes = await provider.wrap(wrapped, context);
    expect(await codeOf(() => provider.unwrap(bytes, other))).toBe("decryption_failed");
  });

  test.each([undefined, []])("E1 refuses to go without a key: %o", async (configs) => {
    const error = await errorOf(() => createKeyProviders(configs));
    expect(error.code).toBe("invalid_config");
    expect(error.message).toContain("generateKey()");
  });

  test.each<[string, string | Uint8Array]>([
    ["a passphrase", "password"],
    ["a long passphrase", "correct horse battery staple, correct horse battery"],
    ["nothing", ""],
    ["32 zeros", new Uint8Array(32)],
    ["32 zeros as text", Buffer.alloc(32).toString("base64url")],
    ["one byte 32 times", Buffer.alloc(32, 0x5a).toString("base64url")],
    ["two bytes 16 times", Buffer.alloc(32, "ab").toString("base64url")],
    ["eight bytes four times", Buffer.alloc(32, "abcdefgh").toString("base64url")],
    ["43 times the same letter", "A".repeat(43)],
    ["16 bytes", randomBytes(16).toString("base64url")],
    ["31 bytes", randomBytes(31).toString("base64url")],
    ["33 bytes", randomBytes(33).toString("base64url")],
    ["31 bytes as they are", randomBytes(31)],
    ["64 bytes as they are", randomBytes(64)],
    ["hex", randomBytes(32).toString("hex")],
    ["base64 with its padding", `${generateKey()}=`],
    ["base64 with + and /", `+/${generateKey().slice(2)}`],
    ["a space around it", ` ${generateKey()}`],
    ["a newline behind it", `${generateKey()}\n`],
  ])("E6 refuses %s, and says how to make a key", async (_, secret) => {
    const error = await errorOf(() => createKeyProviders([{ id: "2026-11", secret }]));
    expect(error.code).toBe("invalid_config");
    expect(error.message).toContain('"2026-11"');
    expect(error.message).toContain("generateKey()");
    expect(error.message).toContain("openssl rand");
    if (typeof secret === "string" && secret !== "") expect(error.message).not.toContain(secret);
  });

  test.each([undefined, null, 7, {}, Array.from({ length: 32 }, (_, index) => index)])(
    "E6 refuses %o, which is neither text nor bytes",
    async (secret) => {
      const config = { id: "a", secret } as unknown as KeyConfig;
      expect(await codeOf(() => createKeyProviders([config]))).toBe("invalid_config");
    },
  );

  test("E6 refuses a weak key that only opens, too", async () => {
    const configs = [
      { id: "new", secret: generateKey() },
      { id: "old", secret: "password" },
    ];
    expect(await codeOf(() => createKeyProviders(configs))).toBe("invalid_config");
  });

  test.each(["", "a b", "é", "a/b", "a\n", 'a"', "x".repeat(65), undefined, 7])("refuses the key id %j", async (id) => {
    const config = { id, secret: generateKey() } as KeyConfig;
    expect(await codeOf(() => createKeyProviders([config]))).toBe("invalid_config");
  });

  test("refuses two keys of one id", async () => {
    const configs = [
      { id: "a", secret: generateKey() },
      { id: "a", secret: generateKey() },
    ];
    expect(await codeOf(() => createKeyProviders(configs))).toBe("invalid_config");
  });
});
