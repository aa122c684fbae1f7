import type { Store } from "../store/port.ts";
import type { KeyContext } from "../vault/key-provider.ts";
import type { Vault } from "../vault/vault.ts";
import { type PassOptions, passOver } from "./pass.ts";
import { isRevocationJob } from "./revocation-jobs.ts";

/** What is sealed under one key-encryption key. */
export interface KeyUse extends KeyContext {
  /** Connections whose data key it wraps. */
  readonly rows: number;
  /** Consents that have begun. They end within ten minutes. */
  readonly flows: number;
  /** Revocations that a provider could not be told of yet. They end within 72 hours. */
  readonly jobs: number;
  /** Refreshes that a process of this host could not save yet. */
  readonly journal: number;
  /** The store's own secrets: the index key, and of each owner in the audit log a key. */
  readonly records: number;
}

export interface KeyUsageOptions {
  readonly store: Store;
  readonly vault: Vault;
  /** For each entry of this host's journal the key that it needs. */
  readonly journalKeys: () => Promise<readonly KeyContext[]>;
  /** The same for what lies in the store beside rows and flows. */
  readonly recordKeys: () => AsyncIterable<KeyContext>;
  readonly ready: () => Promise<void>;
}

const pageSize = 100;
type Kind = "rows" | "flows" | "jobs" | "journal" | "records";

/** Counts what is sealed under which key: one that nothing needs may be taken from the configuration. */
export function createKeyUsage({
  store,
  vault,
  journalKeys,
  recordKeys,
  ready,
}: KeyUsageOptions): (options?: PassOptions) => Promise<readonly KeyUse[]> {
  return async (options = {}) => {
    await ready();
    const uses = new Map<string, KeyContext & Record<Kind, number>>();

    function count(kind: Kind, key: KeyContext): void {
      const name = `${key.keyId}/${key.version}`;
      const use = uses.get(name) ?? { ...key, rows: 0, flows: 0, jobs: 0, journal: 0, records: 0 };
      use[kind]++;
      uses.set(name, use);
    }

    const index = await store.records.get("index-key");
    if (index !== undefined) count("records", vault.keyOf(index));
    for await (const key of recordKeys()) count("records", key);
    for (const key of await journalKeys()) count("journal", key);
    await passOver(
      { ...(options.signal === undefined ? {} : { signal: options.signal }) },
      async (after) => {
        const { flows, next } = await store.flows.list({ after, limit: pageSize });
        return { rows: flows, next };
      },
      async (flow) => {
        count(isRevocationJob(flow) ? "jobs" : "flows", vault.keyOf(flow.sealed));
        return "left";
      },
    );
    await passOver(
      options,
      (after) => store.list({ limit: pageSize, after }),
      async ({ wrappedKey }) => {
        count("rows", vault.keyOf(wrappedKey));
        return "left";
      },
    );
    return [...uses.values()].sort((one, other) =>
      one.keyId === other.keyId ? one.version - other.version : one.keyId < other.keyId ? -1 : 1,
    );
  };
}
