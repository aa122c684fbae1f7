import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyvStore } from "../store/keyv-store.ts";
import type { Store } from "../store/port.ts";
import { codeOf } from "../test/errors.ts";
import { openIndex } from "./index-key.ts";
import { createKeyring, generateKey, type KeyConfig } from "./keyring.ts";
import { createVault, type Vault } from "./vault.ts";

const first: KeyConfig = { id: "first", secret: generateKey() };
const second: KeyConfig = { id: "second", secret: generateKey() };

function vaultOf(...keys: readonly KeyConfig[]): Vault {
  return createVault(createKeyring(keys));
}

async function ownerHash(store: Store, vault: Vault): Promise<string> {
  return (await openIndex(store, vault)).hash("owner", "user-1");
}

describe("openIndex", () => {
  test("E10 gives the same hash at every opening of a store, and another in another store", async () => {
    const store = keyvStore();
    const hash = await ownerHash(store, vaultOf(first));
    expect(await ownerHash(store, vaultOf(first))).toBe(hash);
    expect(await ownerHash(keyvStore(), vaultOf(first))).not.toBe(hash);
  });

  test("E10 many that open a new store at once agree on one key", async () => {
    const store = keyvStore();
    const hashes = await Promise.all(Array.from({ length: 20 }, () => ownerHash(store, vaultOf(first))));
    expect(new Set(hashes).size).toBe(1);
  });

  test("E7 keeps the hash when another key is promoted, and when the old one is retired after that", async () => {
    const store = keyvStore();
    const hash = await ownerHash(store, vaultOf(first));
    expect(await ownerHash(store, vaultOf(first, second))).toBe(hash);
    expect(await ownerHash(store, vaultOf(second, first))).toBe(hash);
    expect(await ownerHash(store, vaultOf(second))).toBe(hash);
  });

  test("E7 many that open after a promotion agree", async () => {
    const store = keyvStore();
    const hash = await ownerHash(store, vaultOf(first));
    const hashes = await Promise.all(Array.from({ length: 20 }, () => ownerHash(store, vaultOf(second, first))));
    expect(new Set([hash, ...hashes]).size).toBe(1);
  });

  test("E9 a key that was retired too early is an error, and what it sealed stays", async () => {
    const store = keyvStore();
    const hash = await ownerHash(store, vaultOf(first));
    expect(await codeOf(() => openIndex(store, vaultOf(second)))).toBe("decryption_failed");
    expect(await ownerHash(store, vaultOf(first))).toBe(hash);
  });

  test("E10 the store holds the index key sealed", async () => {
    const store = keyvStore();
    const vault = vaultOf(first);
    await openIndex(store, vault);
    const stored = await store.settings.get("index-key");
    expect(stored !== undefined && vault.keyOf(stored)).toEqual({ id: "first", current: true });
    expect(stored?.byteLength).toBe(4 + "first".length + 12 + 32 + 16);
  });

  test("gives up on a store whose settings never hold still", async () => {
    const store = keyvStore();
    let tries = 0;
    const restless: Store = {
      ...store,
      settings: {
        get: async () => undefined,
        compareAndSet: async () => {
          tries++;
          return false;
        },
      },
    };
    expect(await codeOf(() => openIndex(restless, vaultOf(first)))).toBe("store_unavailable");
    expect(tries).toBe(10);
  });
});

describe("hash", () => {
  test("E10 differs by kind, and by where one part ends", async () => {
    const { hash } = await openIndex(keyvStore(), vaultOf(first));
    const parts = fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 });
    const kind = fc.constantFrom("owner", "account", "");
    fc.assert(
      fc.property(kind, parts, kind, parts, (one, some, other, more) => {
        const same = JSON.stringify([one, some]) === JSON.stringify([other, more]);
        expect(hash(one, ...some) === hash(other, ...more)).toBe(same);
      }),
      { examples: [["owner", ["ab", "c"], "owner", ["a", "bc"]]] },
    );
  });

  test("E10 shows nothing of what was hashed", async () => {
    const { hash } = await openIndex(keyvStore(), vaultOf(first));
    expect(hash("owner", "user-1")).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});
