import { keyvStore } from "../../../../../packages/core/src/store/keyv-store.ts";
import { createDataKeys, type DataKeys, type WrappedKey } from "../../../../../packages/core/src/vault/data-keys.ts";
import { createKeySet } from "../../../../../packages/core/src/vault/key-set.ts";
import { createKeyProviders, generateKey } from "../../../../../packages/core/src/vault/keyring.ts";
import { createVault } from "../../../../../packages/core/src/vault/vault.ts";

/** As a keeper has it: with the data key of one connection, which is unwrapped and held from the first use on. */
export async function createKeeperVault(): Promise<{ readonly dataKeys: DataKeys; readonly row: WrappedKey }> {
  const always = { lifetimeMs: Number.POSITIVE_INFINITY, now: () => 0 };
  const providers = createKeyProviders([{ id: "benchmark", secret: generateKey() }]);
  const vault = createVault(createKeySet({ records: keyvStore().records, providers, ...always }));
  const dataKeys = createDataKeys({ vault, ...always });
  return { dataKeys, row: { connectionId: "con_1", wrappedKey: await dataKeys.create("con_1") } };
}
