import { delay, type Environment } from "../environment.ts";
import { isGrantkeeperError } from "../errors.ts";
import type { ConnectionEvents, EventName, Events, Logger } from "../events.ts";
import type { Subject } from "../grant/subject.ts";
import type { KeyContext } from "../vault/key-provider.ts";
import { describe } from "./acts.ts";
import type { Link, StoredAct } from "./chain.ts";
import type { AuditAccess, AuditEntry } from "./entries.ts";
import { indexFolder, indexName, listEntries, placeOf } from "./listing.ts";
import type { OwnerKey, Owners } from "./owners.ts";

export interface RecorderOptions {
  readonly access: () => Promise<AuditAccess>;
  readonly events: Events;
  readonly logger: Logger;
  readonly environment: Environment;
  readonly tokenReads: boolean;
  /** True once a closing keeper tries no longer. */
  readonly isClosed: () => boolean;
}

/** Writes what happens into the audit log, right behind it: a store that is down is tried until the keeper closes. */
export interface Recorder {
  /** Resolves when all that has happened is written. */
  settled(): Promise<void>;
  /** All entries of an owner. */
  actsOf(owner: string): Promise<readonly AuditEntry[]>;
  /** Seals the owners' keys under the key that seals now. */
  reseal(): Promise<void>;
  /** Which key seals each owner's. */
  keys(): AsyncIterable<KeyContext>;
  /** Destroys what tells whose an owner's entries are; the entries stay. */
  forget(ownerHash: string): Promise<void>;
}

const pageSize = 500;

export function createRecorder({ access, events, logger, environment, ...options }: RecorderOptions): Recorder {
  /** By connection: its entries are written one after the other. */
  const queues = new Map<string, Promise<void>>();

  for (const name of Object.keys(describe) as EventName[]) {
    if (name !== "connection.token_read" || options.tokenReads)
      events.on(name, (event, subject) => note(name, event, subject));
  }

  function note<Name extends EventName>(name: Name, event: ConnectionEvents[Name], subject: Subject | undefined): void {
    const { connectionId } = event;
    const written = (queues.get(connectionId) ?? Promise.resolve()).then(() => writePatiently(name, event, subject));
    queues.set(connectionId, written);
    void written.then(() => {
      if (queues.get(connectionId) === written) queues.delete(connectionId);
    });
  }

  async function writePatiently<Name extends EventName>(
    name: Name,
    event: ConnectionEvents[Name],
    subject: Subject | undefined,
  ): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await write(name, event, subject);
      } catch (error) {
        const code = isGrantkeeperError(error) ? error.code : "unknown";
        const passes = code === "store_unavailable" || code === "keys_unavailable";
        if (!passes || options.isClosed()) {
          const { connectionId } = event;
          logger.error("An entry of the audit log could not be written", { connectionId, event: name, code });
          return;
        }
        await delay(environment, Math.min(2_000, 25 * 2 ** Math.min(attempt, 8)));
      }
    }
  }

  async function write<Name extends EventName>(
    name: Name,
    event: ConnectionEvents[Name],
    subject: Subject | undefined,
  ): Promise<void> {
    const { chains, owners, records } = await access();
    const { connectionId, connector, at, actor } = event;
    const isNewConsent = name === "connection.connected" || name === "connection.reconnected";
    const key = subject && (await keyOf(owners, subject, isNewConsent));
    const details = describe[name](event);
    await chains.append(connectionId, (sequence) => {
      const place = placeOf({ connectionId, sequence });
      const people = key && { subject: key.subject, sealed: key.seal({ owner: subject?.owner, actor }, place) };
      const act: StoredAct = { at: at.getTime(), connector, ...details, ...people };
      const before = async (link: Link): Promise<void> => {
        if (key === undefined) return;
        const name = indexName(key.subject, act.at, link);
        // One may be there, of a try of ours that did not get to its entry.
        await records.compareAndSet(name, await records.get(name), Buffer.from(link.mac));
      };
      return { act, before };
    });
  }

  /** An owner's record that does not open must not keep the act out of the log: the entry names nobody then. */
  async function keyOf(owners: Owners, { ownerHash }: Subject, isNewConsent: boolean): Promise<OwnerKey | undefined> {
    try {
      return await owners.ensure(ownerHash, isNewConsent);
    } catch (error) {
      if (!isGrantkeeperError(error) || error.code !== "decryption_failed") throw error;
      logger.error("An owner's record in the audit log does not open", { code: error.code });
      return undefined;
    }
  }

  async function settled(): Promise<void> {
    while (queues.size > 0) await Promise.all(queues.values());
  }

  return {
    settled,
    async actsOf(owner) {
      await Promise.all(queues.values());
      const entries: AuditEntry[] = [];
      for (let after: string | undefined; ; ) {
        const page = await listEntries(await access(), { owner, after, limit: pageSize });
        entries.push(...page.entries);
        if (page.next === undefined) return entries;
        after = page.next;
      }
    },
    async *keys() {
      yield* (await access()).owners.keys();
    },
    reseal: async () => (await access()).owners.reseal(),
    async forget(ownerHash) {
      // What has happened so far: on a busy keeper something always waits.
      await Promise.all(queues.values());
      const { owners, records } = await access();
      const key = await owners.forget(ownerHash);
      if (key === undefined) return;
      for (;;) {
        const page = await records.list({ prefix: `${indexFolder}${key.subject}/`, limit: pageSize });
        for (const { name, value } of page.records) await records.compareAndSet(name, value, undefined);
        if (page.next === undefined) return;
      }
    },
  };
}

/** For a keeper without an audit log. */
export const noRecorder: Recorder = {
  settled: async () => undefined,
  actsOf: async () => [],
  async *keys() {},
  reseal: async () => undefined,
  forget: async () => undefined,
};
