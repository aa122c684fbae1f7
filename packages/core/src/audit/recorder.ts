import { delay, type Environment } from "../environment.ts";
import { isGrantkeeperError } from "../errors.ts";
import type { ConnectionEvents, EventName, Events, Logger } from "../events.ts";
import type { Subject } from "../grant/subject.ts";
import type { KeyContext } from "../vault/key-provider.ts";
import { describe } from "./acts.ts";
import type { Link, StoredAct } from "./chain.ts";
import type { AuditAccess } from "./entries.ts";
import { indexFolder, indexName, placeOf } from "./listing.ts";

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
    const key = subject && (await owners.ensure(subject.ownerHash, isNewConsent));
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

  async function settled(): Promise<void> {
    while (queues.size > 0) await Promise.all(queues.values());
  }

  return {
    settled,
    async *keys() {
      yield* (await access()).owners.keys();
    },
    reseal: async () => (await access()).owners.reseal(),
    async forget(ownerHash) {
      await settled();
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
  async *keys() {},
  reseal: async () => undefined,
  forget: async () => undefined,
};
