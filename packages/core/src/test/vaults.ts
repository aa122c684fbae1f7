import { keyvStore } from "../store/keyv-store.ts";
import type { Store } from "../store/port.ts";
import { createKeySet, type KeySet } from "../vault/key-set.ts";
import { type ConfiguredKey, createKeyProviders } from "../vault/keyring.ts";
import { createVault, type Vault } from "../vault/vault.ts";

/** Keys stay unwrapped in memory for ever. */
export const unbounded: { readonly lifetimeMs: number; readonly now: () => number } = {
  lifetimeMs: Number.POSITIVE_INFINITY,
  now: () => 0,
};

/** A key set on some records, as one process with these keys in its configuration has it. */
export function keySetOf(records: Store["records"], ...keys: readonly ConfiguredKey[]): KeySet {
  return createKeySet({ records, providers: createKeyProviders(keys), ...unbounded });
}

/** Makes vaults that share the records of one new store. */
export function vaultsOfOneStore(): (...keys: readonly ConfiguredKey[]) => Vault {
  const { records } = keyvStore();
  return (...keys) => createVault(keySetOf(records, ...keys));
}
