import { GrantkeeperError } from "../errors.ts";
import type { Store } from "../store/port.ts";
import type { ActDetails } from "./acts.ts";

/** An act as it lies in the log, in JSON. Times are Unix milliseconds. */
export interface StoredAct extends ActDetails {
  readonly at: number;
  readonly connector: string;
  /** Names an owner's record, which erasure makes unreadable. */
  readonly subject?: string;
  /** Owner and actor, sealed under the owner's key, in base64url. */
  readonly sealed?: string;
}

/** One link of a connection's chain. */
export interface Link {
  readonly connectionId: string;
  /** Counts from 1. */
  readonly sequence: number;
  /** A keyed hash of the act's text and of the mac of the link before. */
  readonly mac: string;
  readonly text: string;
}

/** Records under `audit/<connectionId>/<sequence>`: the mac, a line feed, and the act. */
export interface Chains {
  /** Adds a link after the last one; another process may do so at the same time. */
  append(connectionId: string, write: (sequence: number) => Draft): Promise<Link>;
  get(connectionId: string, sequence: number): Promise<Link | undefined>;
  last(connectionId: string): Promise<Link | undefined>;
  page(connectionId: string, afterSequence: number): Promise<readonly Link[]>;
  /** The connection whose chain comes next in the order of ids. */
  next(afterConnectionId: string | undefined): Promise<string | undefined>;
  macOf(link: Pick<Link, "connectionId" | "sequence" | "text">, previousMac: string): string;
}

/** What is written before the link itself, so that it is never without it. */
export interface Draft {
  readonly act: StoredAct;
  readonly before: (link: Link) => Promise<void>;
}

export interface ChainsOptions {
  readonly records: Store["records"];
  readonly hash: (...parts: readonly string[]) => string;
}

const folder = "audit/";
const pageSize = 500;
/** As each one that fails has made another succeed, this is a store that does not hold still. */
const maximumTries = 1_000;

export function createChains({ records, hash }: ChainsOptions): Chains {
  function macOf({ connectionId, sequence, text }: Pick<Link, "connectionId" | "sequence" | "text">, previous: string) {
    return hash(connectionId, String(sequence), previous, text);
  }

  async function last(connectionId: string): Promise<Link | undefined> {
    const page = await records.list({ prefix: `${folder}${connectionId}/`, backwards: true, limit: 1 });
    const [found] = page.records;
    return found && readLink(found.name, found.value);
  }

  return {
    macOf,
    last,
    async append(connectionId, write) {
      for (let attempt = 0; attempt < maximumTries; attempt++) {
        const previous = await last(connectionId);
        const sequence = (previous?.sequence ?? 0) + 1;
        const { act, before } = write(sequence);
        const text = JSON.stringify(act);
        const link = {
          connectionId,
          sequence,
          text,
          mac: macOf({ connectionId, sequence, text }, previous?.mac ?? ""),
        };
        await before(link);
        const name = nameOf(connectionId, sequence);
        if (await records.compareAndSet(name, undefined, Buffer.from(`${link.mac}\n${text}`))) return link;
      }
      throw new GrantkeeperError("store_unavailable", "The audit log changed too often while it was written.");
    },
    async get(connectionId, sequence) {
      const name = nameOf(connectionId, sequence);
      const value = await records.get(name);
      return value && readLink(name, value);
    },
    async page(connectionId, afterSequence) {
      const after = nameOf(connectionId, afterSequence);
      const page = await records.list({ prefix: `${folder}${connectionId}/`, after, limit: pageSize });
      return page.records.map(({ name, value }) => readLink(name, value));
    },
    async next(afterConnectionId) {
      // After all sequences of the one before: digits come before a tilde.
      const after = afterConnectionId === undefined ? undefined : `${folder}${afterConnectionId}/~`;
      const { records: found } = await records.list({ prefix: folder, after, limit: 1 });
      const [first] = found;
      return first && readLink(first.name, first.value).connectionId;
    },
  };
}

function nameOf(connectionId: string, sequence: number): string {
  return `${folder}${connectionId}/${String(sequence).padStart(12, "0")}`;
}

/** Whatever the bytes are: what does not fit its mac is found by who verifies. */
function readLink(name: string, value: Uint8Array): Link {
  const slash = name.lastIndexOf("/");
  const line = Buffer.from(value).toString("utf8");
  const end = line.indexOf("\n");
  return {
    connectionId: name.slice(folder.length, slash),
    sequence: Number(name.slice(slash + 1)),
    mac: line.slice(0, Math.max(end, 0)),
    text: line.slice(end + 1),
  };
}
