import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { keyvStore } from "../store/keyv-store.ts";
import { firstForm, secondForm, wrapped } from "../test/envelope-by-hand.ts";
import { codeOf } from "../test/errors.ts";
import { keySetOf, unbounded } from "../test/vaults.ts";
import { createDataKeys } from "./data-keys.ts";
import { createVault, type SealContext } from "./vault.ts";

interface Vector extends SealContext {
  readonly iv: string;
  readonly plaintext: string;
  readonly sealed: string;
}

interface Vectors {
  readonly configuredKey: { readonly keyId: string; readonly secret: string };
  readonly keyEncryptionKeys: readonly {
    readonly version: number;
    readonly secret: string;
    readonly iv: string;
    readonly wrapped: string;
  }[];
  readonly dataKey: { readonly connectionId: string; readonly secret: string };
  readonly firstForm: readonly (Vector & { readonly keyVersion: number })[];
  readonly secondForm: readonly Vector[];
}

const file = new URL("../../../../docs/envelope-vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const bytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const { keyId } = vectors.configuredKey;
const configured = bytes(vectors.configuredKey.secret);

async function openVault() {
  const { records } = keyvStore();
  const keys = vectors.keyEncryptionKeys.map((key) => ({
    keyId,
    version: key.version,
    wrapped: bytes(key.wrapped).toString("base64url"),
  }));
  await records.compareAndSet("keys", undefined, Buffer.from(JSON.stringify({ format: 1, keys })));
  const vault = createVault(keySetOf(records, { id: keyId, secret: configured }));
  return { vault, dataKeys: createDataKeys({ vault, ...unbounded }) };
}

describe("the published vectors", () => {
  test.each(vectors.firstForm)("E1 a $kind under version $keyVersion opens as it is published", async (vector) => {
    const { vault } = await openVault();
    const { kind, id, version } = vector;
    const opened = await vault.open(bytes(vector.sealed), { kind, id, version });
    expect(Buffer.from(opened).toString("hex")).toBe(vector.plaintext);
    expect(vault.keyOf(bytes(vector.sealed))).toEqual({ keyId, version: vector.keyVersion });
    expect(await codeOf(() => vault.open(bytes(vector.sealed), { kind, id, version: version + 1 }))).toBe(
      "decryption_failed",
    );
  });

  test.each(vectors.secondForm)("E1 a $kind of version $version opens as it is published", async (vector) => {
    const { dataKeys } = await openVault();
    const { kind, id, version } = vector;
    const row = { connectionId: vectors.dataKey.connectionId, wrappedKey: bytes(vectors.firstForm[0]?.sealed ?? "") };
    const opened = await dataKeys.open(row, bytes(vector.sealed), { kind, id, version });
    expect(Buffer.from(opened).toString("hex")).toBe(vector.plaintext);
  });

  test("E1 are what the page says, made once more from it alone", () => {
    for (const key of vectors.keyEncryptionKeys) {
      const sealed = { secret: configured, iv: bytes(key.iv), plaintext: bytes(key.secret) };
      expect(wrapped(sealed, keyId, key.version).toString("hex")).toBe(key.wrapped);
    }
    for (const vector of vectors.firstForm) {
      const secret = bytes(vectors.keyEncryptionKeys.find((key) => key.version === vector.keyVersion)?.secret ?? "");
      const sealed = { secret, iv: bytes(vector.iv), plaintext: bytes(vector.plaintext) };
      expect(firstForm(sealed, keyId, vector.keyVersion, vector).toString("hex")).toBe(vector.sealed);
    }
    for (const vector of vectors.secondForm) {
      const sealed = {
        secret: bytes(vectors.dataKey.secret),
        iv: bytes(vector.iv),
        plaintext: bytes(vector.plaintext),
      };
      expect(secondForm(sealed, vector).toString("hex")).toBe(vector.sealed);
    }
  });
});
