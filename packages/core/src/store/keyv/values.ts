import type { Locks } from "../../locks.ts";
import { checkLimit, endOfPrefix } from "../paging.ts";
import type { Store } from "../port.ts";
import type { KeyvAccess } from "./access.ts";
import { createSortedNames } from "./sorted-names.ts";

export interface ValuesOptions {
  readonly access: KeyvAccess;
  readonly locks: Locks;
  readonly now: () => number;
  /** Opens the store, or says why it may not be used. */
  readonly ready: () => Promise<void>;
  /** Makes sure that an empty answer means that nothing is there. */
  readonly assertThere: () => Promise<void>;
}

/** Flows and records in Keyv. */
export interface Values extends Pick<Store, "flows" | "records"> {
  /** Makes an entry known that was there when the store was opened. */
  found(key: string, value: unknown): void;
}

interface StoredFlow {
  readonly sealed: string;
  readonly until: number;
}

const flowPrefix = "flow:";
const recordPrefix = "record:";
const removedAtOnce = 20;

export function createValues({ access, locks, now, ready, assertThere }: ValuesOptions): Values {
  /** When each flow ends, in the order of their putting. */
  const flowEnds = new Map<string, number>();
  const recordNames = createSortedNames();

  /** Not every adapter removes what has expired. A few at a time, oldest first. */
  async function removeEndedFlows(): Promise<void> {
    for (let count = 0; count < removedAtOnce; count++) {
      const [oldest] = flowEnds;
      if (oldest === undefined || oldest[1] > now()) return;
      await access.remove(oldest[0]);
      flowEnds.delete(oldest[0]);
    }
  }

  return {
    found(key, value) {
      if (key.startsWith(flowPrefix)) flowEnds.set(key, (value as StoredFlow).until);
      if (key.startsWith(recordPrefix)) recordNames.add(key.slice(recordPrefix.length));
    },

    flows: {
      async put(key, sealed, ttlMs) {
        await ready();
        await removeEndedFlows();
        const until = now() + ttlMs;
        await access.write(flowPrefix + key, { sealed: encode(sealed), until } satisfies StoredFlow, ttlMs);
        flowEnds.set(flowPrefix + key, until);
      },
      async take(key) {
        await ready();
        return locks.run(flowPrefix + key, async () => {
          const stored = (await access.read(flowPrefix + key)) as StoredFlow | undefined;
          if (stored === undefined) return undefined;
          await access.remove(flowPrefix + key);
          flowEnds.delete(flowPrefix + key);
          return stored.until > now() ? decode(stored.sealed) : undefined;
        });
      },
      async list({ after = "", limit }) {
        checkLimit(limit);
        await ready();
        const keys = [...flowEnds.keys()].filter((key) => key > flowPrefix + after).sort();
        const page = keys.slice(0, limit);
        if (page.length === 0) await assertThere();
        const flows = [];
        for (const key of page) {
          const stored = (await access.read(key)) as StoredFlow | undefined;
          if (stored === undefined || stored.until <= now()) continue;
          flows.push({ key: key.slice(flowPrefix.length), sealed: decode(stored.sealed) });
        }
        return { flows, next: keys.length > limit ? page.at(-1)?.slice(flowPrefix.length) : undefined };
      },
    },

    records: {
      async get(name) {
        await ready();
        const stored = await access.read(recordPrefix + name);
        return typeof stored === "string" ? decode(stored) : undefined;
      },
      async compareAndSet(name, expected, value) {
        await ready();
        return locks.run(recordPrefix + name, async () => {
          const stored = await access.read(recordPrefix + name);
          if (stored !== (expected && encode(expected))) return false;
          if (value === undefined) {
            await access.remove(recordPrefix + name);
            recordNames.delete(name);
          } else {
            await access.write(recordPrefix + name, encode(value));
            recordNames.add(name);
          }
          return true;
        });
      },
      async list({ prefix, after, backwards = false, limit }) {
        checkLimit(limit);
        endOfPrefix(prefix);
        await ready();
        const names = recordNames.page({ prefix, after, backwards, limit });
        if (names.length === 0) await assertThere();
        const records = [];
        for (const name of names) {
          const stored = await access.read(recordPrefix + name);
          if (typeof stored === "string") records.push({ name, value: decode(stored) });
        }
        return { records, next: names.length === limit ? names.at(-1) : undefined };
      },
    },
  };
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function decode(text: string): Uint8Array {
  return Buffer.from(text, "base64url");
}
