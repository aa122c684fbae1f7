import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { GrantkeeperError } from "../errors.ts";
import type { Store } from "../store/port.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import type { Vault } from "./vault.ts";

/** Keyed hashes under which rows are found. What they are keyed with lies sealed in the store and never changes. */
export interface Index {
  hash(kind: string, ...parts: readonly string[]): string;
}

const name = "index-key";
const context = { kind: "setting", id: name, version: 1 } as const;

/** Reads the index key, or makes it at the first opening. Seals it anew when its sealing key is no longer the first. */
export async function openIndex(store: Store, vault: Vault): Promise<Index> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const stored = await store.records.get(name);
    if (stored === undefined) {
      const key = randomBytes(32);
      const created = await store.records.compareAndSet(name, undefined, await vault.seal(key, context));
      if (created) return indexOf(createSecretKey(key));
      continue;
    }
    const key = await vault.open(stored, context);
    if (!(await vault.isCurrent(stored))) {
      // Losing this race is fine: another has sealed the same key under the new one.
      await store.records.compareAndSet(name, stored, await vault.seal(key, context));
    }
    return indexOf(createSecretKey(key));
  }
  throw new GrantkeeperError("store_unavailable", "The store's records changed too often while they were read.");
}

function indexOf(key: KeyObject): Index {
  return {
    hash: (kind, ...parts) =>
      createHmac("sha256", key)
        .update(lengthPrefixed([kind, ...parts]))
        .digest("base64url"),
  };
}
