import type { Grant } from "../grant/grant.ts";
import { fromSealed } from "../secret.ts";
import type { GrantRow } from "../store/port.ts";
import { createDataKeys } from "../vault/data-keys.ts";
import { createKeySet } from "../vault/key-set.ts";
import { createKeyProviders } from "../vault/keyring.ts";
import { createVault } from "../vault/vault.ts";
import type { StoredGrant } from "./history.ts";
import { accountOf, keys } from "./scene.ts";

/** Looks into sealed rows, as only the observer may. */
export interface Reader {
  read(row: SealedRow): Promise<StoredGrant>;
}

export type SealedRow = Pick<GrantRow, "connectionId" | "wrappedKey" | "grantId" | "version" | "sealed">;

/** `records`: what the store holds beside its rows. */
export function createReader(records: ReadonlyMap<string, Uint8Array>): Reader {
  const always = { lifetimeMs: Number.POSITIVE_INFINITY, now: () => 0 };
  const readOnly = { get: async (name: string) => records.get(name), compareAndSet: async () => false };
  const keySet = createKeySet({ records: readOnly, providers: createKeyProviders(keys), ...always });
  const dataKeys = createDataKeys({ vault: createVault(keySet), ...always });
  /** The first rows are the same ones in every sequence. */
  const known = new WeakMap<Uint8Array, StoredGrant>();

  async function open({ connectionId, wrappedKey, grantId, version, sealed }: SealedRow): Promise<StoredGrant> {
    const context = { kind: "grant", id: `${connectionId}/${grantId}`, version } as const;
    const plaintext = await dataKeys.open({ connectionId, wrappedKey }, sealed, context);
    const { owner, tokenSets, ended } = fromSealed<Grant>(plaintext);
    const { accessToken = "", refreshToken = "", obtainedAt = 0, expiresAt = 0 } = tokenSets["default"] ?? {};
    return {
      account: accountOf(owner),
      ...{ connectionId, grantId, version, refreshToken, accessToken, obtainedAt, expiresAt },
      ended: ended["default"],
    };
  }

  return {
    async read(row) {
      const found = known.get(row.sealed) ?? (await open(row));
      known.set(row.sealed, found);
      return found;
    },
  };
}
