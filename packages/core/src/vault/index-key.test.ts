import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyvStore } from "../store/keyv-store.ts";
import type { Store } from "../store/port.ts";
import { codeOf } from "../test/errors.ts";
import { keySetOf } from "../test/vaults.ts";
import { openIndex } from "./index-key.ts";
import { generateKey, type KeyConfig } from "./keyring.ts";
import { createVault, type Vault } from "./vault.ts";

const first: KeyConfig = { id: "first", secret: generateKey() };
const second: KeyConfig = { id: "second", secret: generateKey() };

const vaultOf = ({ records }: Store, ...keys: readonly KeyConfig[]): Vault => createVault(keySetOf(records, ...keys));

async function ownerHash(store: Store, ...keys: readonly KeyConfig[]): Promise<string> {
  return (await openIndex(store, vaultOf(store, ...keys))).hash("owner", "user-1");
}

describe("openIndex", () => {
  test("E10 gives the same hash at every opening of a store, and another in another store", async () => {
    const store = keyvStore();
    const hash = await ownerHash(store, first);
    expect(await ownerHash(store, first)).toBe(hash);
    expect(await ownerHash(keyvStore(), first)).not.toBe(hash);
  });

  test("E10 many that open a new store at once agree on one key", async () => {
    const store = keyvStore();
    const hashes = await Promise.all(Array.from({ length: 20 }, () => ownerHash(store, first)));
    expect(new Set(hashes).size).toBe(1);
  });

  test("E7 keeps the hash when another key is promoted, and when the old one is retired after that", async () => {
    const store = keyvStore();
    const hash = await ownerHash(store, first);
    expect(await ownerHash(store, first, second)).toBe(hash);
    expect(await ownerHash(store, second, first)).toBe(hash);
    expect(await ownerHash(store, second)).toBe(hash);
  });

  test("E7 many that open after a promotion agree", async () => {
    const store = keyvStore();
    const hash = await ownerHash(store, first);
    const hashes = await Promise.all(Array.from({ length: 20 }, () => ownerHash(store, second, first)));
    expect(new Set([hash, ...hashes]).size).toBe(1);
  });

  test("E9 a key that was retired too early is an error, and what it sealed stays", async () => {
    const store = keyvStore();
    const hash = await ownerHash(store, first);
    expect(await codeOf(() => openIndex(store, vaultOf(store, second)))).toBe("decryption_failed");
    expect(await ownerHash(store, first)).toBe(hash);
  });

  test("E10 the store holds the index key sealed", async () => {
    const store = keyvStore();
    const vault = vaultOf(store, first);
    await openIndex(store, vault);
    const stored = await store.records.get("index-key");
    expect(stored !== undefined && vault.keyOf(stored)).toEqual({ keyId: "first", version: 1 });
    expect(stored?.byteLength).toBe(5 + "first".length + 4 + 12 + 32 + 32 + 16);
  });

  test("gives up on a store whose records never hold still", async () => {
    const store = keyvStore();
    let tries = 0;
    const restless: Store = {
      ...store,
      records: {
        ...store.records,
        get: async () => undefined,
        compareAndSet: async () => {
          tries++;
          return false;
        },
      },
    };
    expect(await codeOf(() => openIndex(restless, vaultOf(store, first)))).toBe("store_unavailable");
    expect(tries).toBe(10);
  });
});

describe("hash", () => {
  const newStore = keyvStore();

  test("E10 differs by kind, and by where one part ends", async () => {
    const { hash } = await openIndex(newStore, vaultOf(newStore, first));
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
    const { hash } = await openIndex(newStore, vaultOf(newStore, first));
    expect(hash("owner", "user-1")).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});
