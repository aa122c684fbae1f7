import type { Environment } from "../environment.ts";
import type { Events, Logger } from "../events.ts";
import type { Grants } from "../grant/grants.ts";
import type { Store } from "../store/port.ts";
import type { Vault } from "../vault/vault.ts";
import { type AuditLog, openLog } from "./audit-log.ts";
import { createChains } from "./chain.ts";
import type { AuditAccess } from "./entries.ts";
import { createOwners } from "./owners.ts";
import { createRecorder, noRecorder, type Recorder } from "./recorder.ts";

export interface OpenAuditOptions {
  readonly events: Events;
  readonly logger: Logger;
  readonly environment: Environment;
  readonly grants: Grants;
  readonly vault: Vault;
  readonly isClosed: () => boolean;
  /** The keeper's own store where the log is in that one. */
  readonly storeOf: (store: Store) => Store;
}

/** Gives a keeper's keys to its audit log, and writes into that what happens. */
export function openAudit(given: AuditLog | undefined, options: OpenAuditOptions): Recorder {
  if (given === undefined) return noRecorder;
  const { grants, vault, storeOf, ...recording } = options;
  const log = openLog(given, access);
  let opening: Promise<AuditAccess> | undefined;

  function access(): Promise<AuditAccess> {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function open(): Promise<AuditAccess> {
    await grants.ready();
    const { records, migrate } = storeOf(log.store);
    await migrate();
    const { hashOwner, hashEntry } = grants;
    return {
      chains: createChains({ records, hash: hashEntry }),
      owners: createOwners({ records, vault }),
      records,
      hashOwner,
    };
  }

  return createRecorder({ access, tokenReads: log.tokenReads, ...recording });
}
