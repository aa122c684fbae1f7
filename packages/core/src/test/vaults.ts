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

/** A key set on some settings, as one process with these keys in its configuration has it. */
export function keySetOf(settings: Store["settings"], ...keys: readonly ConfiguredKey[]): KeySet {
  return createKeySet({ settings, providers: createKeyProviders(keys), ...unbounded });
}

/** Makes vaults that share the settings of one new store. */
export function vaultsOfOneStore(): (...keys: readonly ConfiguredKey[]) => Vault {
  const { settings } = keyvStore();
  return (...keys) => createVault(keySetOf(settings, ...keys));
}
