import { GrantkeeperError } from "../errors.ts";
import type { Store } from "../store/port.ts";
import type { Chains } from "./chain.ts";
import type { AuditAccess, AuditPage, AuditQuery } from "./entries.ts";
import { listEntries } from "./listing.ts";
import { type AuditFault, type AuditHead, verifyChain } from "./verify.ts";

export interface AuditVerification {
  readonly chains: number;
  readonly entries: number;
  /** Empty: each entry is as it was written, and none is missing up to the anchors. */
  readonly faults: readonly AuditFault[];
}

export interface AuditLogOptions {
  /** Whether each access token that is handed out is an entry. Default false. */
  readonly tokenReads?: boolean;
}

/**
 * What was done to grants: one chain of entries for each connection, each with a keyed hash over itself and the one before,
 * so that a change or a gap shows. Owners and actors are sealed under a key that erasing an owner destroys.
 */
export interface AuditLog {
  /** A page of entries. Throws `invalid_request` without an owner and a connection. */
  list(query: AuditQuery): Promise<AuditPage>;
  /** The last entry of each chain: kept elsewhere, they are anchors that show a chain that was cut off or written anew. */
  heads(): AsyncIterable<AuditHead>;
  /** Goes through all chains, or one, and says what does not fit. */
  verify(options?: {
    readonly connectionId?: string;
    readonly anchors?: Iterable<AuditHead>;
    /** Ends it between two pages, with `aborted`. */
    readonly signal?: AbortSignal;
  }): Promise<AuditVerification>;
}

const opening: unique symbol = Symbol("opening");

/** The keeper's side of a log. */
export interface OpenableLog extends AuditLog {
  readonly store: Store;
  readonly tokenReads: boolean;
  [opening]: (() => Promise<AuditAccess>) | undefined;
}

/**
 * Keeps an audit log in a store: that of the keeper, or another one. It works once it was given to `createKeeper`, whose
 * keys it uses; before that its methods throw `invalid_config`.
 */
export function auditLog(store: Store, { tokenReads = false }: AuditLogOptions = {}): AuditLog {
  async function access(): Promise<AuditAccess> {
    const open = log[opening];
    if (open !== undefined) return open();
    throw new GrantkeeperError("invalid_config", "This audit log belongs to no keeper yet: give it to createKeeper.");
  }

  const log: OpenableLog = {
    store,
    tokenReads,
    [opening]: undefined,
    list: async (query) => listEntries(await access(), query),
    async *heads() {
      const { chains } = await access();
      for await (const connectionId of idsOf(chains)) {
        const last = await chains.last(connectionId);
        if (last !== undefined) yield { connectionId, sequence: last.sequence, mac: last.mac };
      }
    },
    async verify({ connectionId, anchors = [], signal } = {}) {
      const { chains } = await access();
      const anchorOf = new Map([...anchors].map((anchor) => [anchor.connectionId, anchor]));
      const faults: AuditFault[] = [];
      let [count, entries] = [0, 0];
      const ids = connectionId === undefined ? idsOf(chains) : [connectionId];
      for await (const id of ids) {
        const verified = await verifyChain(chains, id, anchorOf.get(id), signal);
        anchorOf.delete(id);
        faults.push(...verified.faults);
        entries += verified.entries;
        count++;
      }
      for (const { connectionId: id, sequence } of connectionId === undefined ? anchorOf.values() : []) {
        faults.push({ connectionId: id, sequence, what: "cut" });
      }
      return { chains: count, entries, faults };
    },
  };
  return log;
}

/** Makes a log work; the last keeper that it was given to counts. */
export function openLog(log: AuditLog, open: () => Promise<AuditAccess>): OpenableLog {
  if (!(opening in log)) {
    throw new GrantkeeperError("invalid_config", "audit must be what auditLog() returns.");
  }
  const openable = log as OpenableLog;
  openable[opening] = open;
  return openable;
}

async function* idsOf(chains: Chains): AsyncGenerator<string> {
  for (let id = await chains.next(undefined); id !== undefined; id = await chains.next(id)) yield id;
}
