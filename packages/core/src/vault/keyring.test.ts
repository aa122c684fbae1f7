import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf } from "../test/errors.ts";
import { createKeyring, generateKey, type KeyConfig } from "./keyring.ts";

describe("generateKey", () => {
  test("E6 gives base64url of 32 random bytes, never the same, that a keyring takes", () => {
    const keys = Array.from({ length: 1_000 }, generateKey);
    expect(new Set(keys).size).toBe(keys.length);
    for (const key of keys) expect(Buffer.from(key, "base64url").byteLength).toBe(32);
    expect(createKeyring([{ id: "a", secret: generateKey() }]).sealing).toBe("a");
  });
});

describe("createKeyring", () => {
  test("R54 an id and a secret that were swapped are refused without quoting either", () => {
    const secret = generateKey();
    const swapped = () => createKeyring([{ id: secret, secret: "2026-11" }]);
    expect(swapped).toThrow(/swapped/);
    expect(swapped).not.toThrow(new RegExp(secret));
  });

  test("E7 the first key seals, and all of them open", () => {
    const keyring = createKeyring([
      { id: "new", secret: generateKey() },
      { id: "old", secret: generateKey() },
    ]);
    expect(keyring.sealing).toBe("new");
    expect([...keyring.keys.keys()]).toEqual(["new", "old"]);
  });

  test("takes the bytes themselves as well as their text", () => {
    const bytes = randomBytes(32);
    const keyring = createKeyring([
      { id: "bytes", secret: new Uint8Array(bytes) },
      { id: "text", secret: bytes.toString("base64url") },
    ]);
    const [one, other] = [...keyring.keys.values()];
    expect(other !== undefined && one?.equals(other)).toBe(true);
  });

  test("keeps its key when the caller wipes the bytes that it gave", () => {
    const bytes = randomBytes(32);
    const before = bytes.toString("hex");
    const keyring = createKeyring([{ id: "a", secret: bytes }]);
    bytes.fill(0);
    expect(keyring.keys.get("a")?.export().toString("hex")).toBe(before);
  });

  test.each([undefined, []])("E1 refuses to go without a key: %o", async (configs) => {
    const error = await errorOf(() => createKeyring(configs));
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
    const error = await errorOf(() => createKeyring([{ id: "2026-11", secret }]));
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
      expect(await codeOf(() => createKeyring([config]))).toBe("invalid_config");
    },
  );

  test("E6 refuses a weak key that only opens, too", async () => {
    const configs = [
      { id: "new", secret: generateKey() },
      { id: "old", secret: "password" },
    ];
    expect(await codeOf(() => createKeyring(configs))).toBe("invalid_config");
  });

  test.each(["", "a b", "é", "a/b", "a\n", 'a"', "x".repeat(65), undefined, 7])("refuses the key id %j", async (id) => {
    const config = { id, secret: generateKey() } as KeyConfig;
    expect(await codeOf(() => createKeyring([config]))).toBe("invalid_config");
  });

  test("refuses two keys of one id", async () => {
    const configs = [
      { id: "a", secret: generateKey() },
      { id: "a", secret: generateKey() },
    ];
    expect(await codeOf(() => createKeyring(configs))).toBe("invalid_config");
  });
});
