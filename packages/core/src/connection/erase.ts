import { GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Events } from "../events.ts";
import { checkOwner } from "../flow/flow.ts";
import type { Grant } from "../grant/grant.ts";
import type { Grants } from "../grant/grants.ts";
import type { Revocation, RevocationOutcome } from "../grant/revocation.ts";
import { isRevocationJob, type RevocationJobs } from "../grant/revocation-jobs.ts";
import type { Journal } from "../refresh/journal.ts";
import type { Store, StoredFlow } from "../store/port.ts";
import type { Vault } from "../vault/vault.ts";

/** Proof of an erasure, without the owner's name. */
export interface ErasureReceipt {
  /**
   * A keyed hash of the owner: without the store it tells nobody who that was. Keep it for as long as there are backups, and
   * give it to `afterRestore({ erased })`.
   */
  readonly subject: string;
  readonly erasedAt: Date;
  /** `pending`: nothing is left here, but a provider could not be told yet. `retryRevocations()` does so for 72 hours. */
  readonly state: "done" | "pending";
  readonly connections: readonly {
    readonly connectionId: string;
    readonly connector: string;
    readonly revocation: RevocationOutcome;
  }[];
  /** Consents that had begun. */
  readonly flows: number;
  /** Refreshes that a process of this host had received and not saved yet. */
  readonly journalEntries: number;
}

export interface EraseOptions {
  readonly store: Store;
  readonly grants: Grants;
  readonly vault: Vault;
  readonly journal: Journal;
  readonly revocation: Revocation;
  readonly revocationJobs: RevocationJobs;
  readonly disconnect: (connectionId: string) => Promise<RevocationOutcome>;
  readonly events: Events;
  /** Makes nobody find out any more whose acts the audit log tells of. */
  readonly forget: (ownerHash: string) => Promise<void>;
  readonly now: () => number;
}

export interface Erasure {
  erase(owner: string): Promise<ErasureReceipt>;
  /** The same for whom a receipt names. */
  eraseSubject(subject: string): Promise<ErasureReceipt>;
}

const pageSize = 100;

/** Erases all that is kept of an owner, and ends it at the providers. What it was broken off in, it does when it is called again. */
export function createErasure(options: EraseOptions): Erasure {
  const { store, grants, vault, journal, revocation, revocationJobs, events, now } = options;

  async function eraseSubject(subject: string): Promise<ErasureReceipt> {
    if (!/^[\w-]{43}$/.test(subject)) {
      throw new GrantkeeperError("invalid_request", "An erasure's subject is the one of its receipt.");
    }
    await grants.ready();
    // What had begun goes first, so that no consent is finished behind the erasure.
    const flows = await eraseFlows(subject);
    const erased: ErasureReceipt["connections"][number][] = [];
    let journalEntries = 0;
    for (let after: string | undefined; ; ) {
      const { rows, next } = await store.list({ ownerHash: subject, limit: pageSize, after });
      for (const { connectionId, connector } of rows) {
        const outcomes = [await eraseConnection(connectionId)];
        for (const entry of await journal.find(connectionId)) {
          outcomes.push(await end({ ...entry.grant, tokenSets: entry.received }, connectionId));
          await journal.remove(entry);
          journalEntries++;
        }
        const [own = "skipped"] = outcomes;
        const about = { connectionId, connector, revocation: outcomes.includes("pending") ? "pending" : own } as const;
        erased.push(about);
        events.emit("connection.erased", about, { ownerHash: subject });
      }
      if (next === undefined) break;
      after = next;
    }
    await options.forget(subject);
    const state = erased.some((connection) => connection.revocation === "pending") ? "pending" : "done";
    return { subject, erasedAt: new Date(now()), state, connections: erased, flows, journalEntries };
  }

  async function eraseConnection(connectionId: string): Promise<RevocationOutcome> {
    try {
      return await options.disconnect(connectionId);
    } catch (error) {
      // Somebody else has just disconnected it, and knows how that went.
      if (isGrantkeeperError(error) && error.code === "not_connected") return "skipped";
      throw error;
    }
  }

  async function end(grant: Grant, connectionId: string): Promise<RevocationOutcome> {
    const outcome = await revocation.revoke(grant, connectionId);
    if (outcome === "pending") await revocationJobs.keep(grant, connectionId);
    return outcome;
  }

  async function eraseFlows(subject: string): Promise<number> {
    let count = 0;
    for (let after: string | undefined; ; ) {
      const { flows, next } = await store.flows.list({ limit: pageSize, after });
      for (const flow of flows) {
        if (isRevocationJob(flow) || (await subjectOf(flow)) !== subject) continue;
        if ((await store.flows.take(flow.key)) !== undefined) count++;
      }
      if (next === undefined) return count;
      after = next;
    }
  }

  async function subjectOf({ key, sealed }: StoredFlow): Promise<string> {
    const plaintext = await vault.open(sealed, { kind: "flow", id: key, version: 1 });
    const { owner } = JSON.parse(Buffer.from(plaintext).toString("utf8")) as { readonly owner: string };
    return grants.hashOwner(owner);
  }

  return {
    async erase(owner) {
      checkOwner(owner);
      await grants.ready();
      return eraseSubject(grants.hashOwner(owner));
    },
    eraseSubject,
  };
}
