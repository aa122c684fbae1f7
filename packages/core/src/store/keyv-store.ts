import { Keyv } from "keyv";
import { causeWithoutSecrets, GrantkeeperError } from "../errors.ts";
import { createLocks } from "../locks.ts";
import { createIndexOfRows } from "./keyv/index-of-rows.ts";
import { createInstanceGuard } from "./keyv/instance-guard.ts";
import { decodeRow, encodeRow, type StoredRow } from "./keyv/row-codec.ts";
import type { CommitCondition, GrantRow, OpenIntent, Store } from "./port.ts";

/** The part of a Keyv instance that is used, so that another installed copy of keyv fits too. */
export interface KeyvLike {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttl?: number): Promise<boolean>;
  delete(key: string): Promise<unknown>;
  readonly iterator?: unknown;
  disconnect(): Promise<void>;
  readonly store: unknown;
  readonly ttl?: number | undefined;
  listenerCount?(event?: string): number;
}

export interface KeyvStoreOptions {
  /**
   * Goes on although another live process uses the same database. Keyv cannot compare and set, so both may then refresh
   * one grant at once and lose it.
   */
  readonly allowUnsafe?: boolean;
  /** Unix milliseconds; for tests. */
  readonly now?: () => number;
}

/**
 * Keeps grants in any Keyv adapter, or in memory when none is given. Right for one process at a time: a second live one
 * on the same database is refused with `invalid_config`.
 */
export function keyvStore(keyv: KeyvLike = new Keyv(), options: KeyvStoreOptions = {}): Store {
  const { allowUnsafe = false, now = Date.now } = options;
  const inMemory = isInMemory(keyv.store);
  const rows = createIndexOfRows();
  const locks = createLocks();
  const guard = inMemory || allowUnsafe ? undefined : createInstanceGuard({ read, write, remove, now });
  /** When each flow that was put here ends, in the order of their putting. */
  const flowEnds = new Map<string, number>();
  let opened: Promise<void> | undefined;

  async function attempt<Value>(what: string, operation: () => Promise<Value>): Promise<Value> {
    // With a listener Keyv swallows failures, and an outage would look like "not there".
    if ((keyv.listenerCount?.("error") ?? 0) > 0) {
      throw new GrantkeeperError(
        "invalid_config",
        "The Keyv instance has an error listener, which hides failures: remove it.",
      );
    }
    try {
      return await operation();
    } catch (cause) {
      throw new GrantkeeperError("store_unavailable", `The store could not ${what}.`, {
        cause: causeWithoutSecrets(cause),
        retryAt: new Date(now() + 1_000),
      });
    }
  }
  function read(key: string): Promise<unknown> {
    return attempt("read", () => keyv.get(key));
  }
  function write(key: string, value: unknown, ttlMs?: number): Promise<void> {
    return attempt("write", async () => {
      if (!(await keyv.set(key, value, ttlMs))) throw new Error("the adapter refused the value");
    });
  }
  function remove(key: string): Promise<void> {
    return attempt("delete", async () => void (await keyv.delete(key)));
  }

  async function open(): Promise<void> {
    if ((keyv.ttl ?? 0) > 0) {
      throw new GrantkeeperError(
        "invalid_config",
        "The Keyv instance has a default ttl, after which grants would vanish.",
      );
    }
    await guard?.enter();
    try {
      await findRows();
    } catch (error) {
      // The next try starts anew; what could not be taken back says by its process id that nobody stands behind it.
      await guard?.leave().catch(() => undefined);
      throw error;
    }
  }

  /** Reads which rows there are. Keyv's iterator is silently empty on an adapter that has none: a probe shows that. */
  async function findRows(): Promise<void> {
    if (!inMemory) await write(probeKey, now());
    let probed = inMemory;
    const { iterator } = keyv;
    if (typeof iterator === "function") {
      await attempt("read", async () => {
        for await (const [key, value] of iterator.call(keyv) as AsyncIterable<[string, unknown]>) {
          if (key.startsWith(rowPrefix)) rows.set(decodeRow(value as StoredRow, now()));
          if (key.startsWith(flowPrefix)) flowEnds.set(key, (value as StoredFlow).until);
          probed ||= key === probeKey;
        }
      });
    }
    if (!probed) {
      throw new GrantkeeperError(
        "invalid_config",
        "The Keyv adapter cannot iterate, so rows could not be found again.",
      );
    }
  }

  function migrate(): Promise<void> {
    opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  }

  async function ready(): Promise<void> {
    await migrate();
    guard?.assertAlone();
  }

  async function get(connectionId: string): Promise<GrantRow | undefined> {
    await ready();
    const stored = await read(rowPrefix + connectionId);
    return stored === undefined ? undefined : decodeRow(stored as StoredRow, now());
  }

  /** Not every adapter removes what has expired. A few at a time, oldest first. */
  async function removeEndedFlows(): Promise<void> {
    for (let count = 0; count < 20; count++) {
      const [oldest] = flowEnds;
      if (oldest === undefined || oldest[1] > now()) return;
      flowEnds.delete(oldest[0]);
      await remove(oldest[0]);
    }
  }

  async function save(row: GrantRow): Promise<void> {
    await write(rowPrefix + row.connectionId, encodeRow(row));
    rows.set(row);
  }

  /** Runs `change` on the row as it is now; nobody else in this process changes it meanwhile. */
  function changing<Result>(
    connectionId: string,
    change: (row: GrantRow | undefined) => Promise<Result>,
  ): Promise<Result> {
    return locks.run(connectionId, async () => change(await get(connectionId)));
  }

  return {
    scope: "process",
    kind: inMemory ? "memory" : "keyv",
    migrate,
    get,

    async insert(row) {
      await ready();
      const reserved = rows.reserve(row.identityHash, row.connectionId);
      if (reserved !== undefined) {
        // It may be about to be written: whoever is told of it is to find it.
        await locks.run(reserved, async () => undefined);
        return { inserted: false, connectionId: reserved };
      }
      try {
        return await changing(row.connectionId, async (existing) => {
          if (existing !== undefined) return { inserted: false, connectionId: existing.connectionId };
          const at = now();
          await save({ ...row, fence: 0, lease: undefined, intents: [], createdAt: at, updatedAt: at, readAt: at });
          return { inserted: true };
        });
      } finally {
        rows.endReservation(row.identityHash, row.connectionId);
      }
    },

    lease(request) {
      const { connectionId, holder } = request;
      return changing(connectionId, async (row) => {
        if (row === undefined) return { kind: "absent" };
        const at = now();
        if (row.lease !== undefined && row.lease.until > at) return { kind: "held", remainingMs: row.lease.until - at };
        if (!holds(row, request)) return { kind: "moved", row };
        const fence = row.fence + 1;
        const { intent } = request;
        const intents =
          intent === undefined ? row.intents : [...without(row.intents, [intent.tokenSet]), { ...intent, at }];
        await save({ ...row, fence, lease: { holder, until: at + request.durationMs }, intents });
        return { kind: "leased", lease: { connectionId, holder, fence }, row: { ...row, fence } };
      });
    },

    release({ lease, clearIntents }) {
      return changing(lease.connectionId, async (row) => {
        if (row === undefined || row.fence !== lease.fence || row.lease?.holder !== lease.holder) return;
        await save({ ...row, lease: undefined, intents: without(row.intents, clearIntents) });
      });
    },

    commit({ expected, payload, clearIntents }) {
      return changing(expected.connectionId, async (row) => {
        if (row === undefined || !holds(row, expected)) return "superseded";
        const taken = rows.reserve(payload.identityHash, row.connectionId);
        if (taken !== undefined) return "identity_taken";
        try {
          const intents = without(row.intents, clearIntents);
          await save({ ...row, ...payload, lease: undefined, intents, updatedAt: now() });
          return "committed";
        } finally {
          rows.endReservation(payload.identityHash, row.connectionId);
        }
      });
    },

    delete(condition) {
      return changing(condition.connectionId, async (row) => {
        if (row === undefined || !holds(row, condition)) return "superseded";
        await remove(rowPrefix + condition.connectionId);
        rows.delete(condition.connectionId);
        return "deleted";
      });
    },

    async list(query) {
      await ready();
      const page = rows.page(query);
      const found = await Promise.all(page.connectionIds.map(get));
      return { rows: found.filter((row) => row !== undefined), next: page.next };
    },

    flows: {
      async put(key, sealed, ttlMs) {
        await ready();
        await removeEndedFlows();
        const until = now() + ttlMs;
        await write(flowPrefix + key, { sealed: encode(sealed), until } satisfies StoredFlow, ttlMs);
        flowEnds.set(flowPrefix + key, until);
      },
      async take(key) {
        await ready();
        return locks.run(flowPrefix + key, async () => {
          const stored = (await read(flowPrefix + key)) as StoredFlow | undefined;
          if (stored === undefined) return undefined;
          await remove(flowPrefix + key);
          flowEnds.delete(flowPrefix + key);
          return stored.until > now() ? decode(stored.sealed) : undefined;
        });
      },
    },

    settings: {
      async get(name) {
        await ready();
        const stored = await read(settingPrefix + name);
        return typeof stored === "string" ? decode(stored) : undefined;
      },
      async compareAndSet(name, expected, value) {
        await ready();
        return locks.run(settingPrefix + name, async () => {
          const stored = await read(settingPrefix + name);
          if (stored !== (expected === undefined ? undefined : encode(expected))) return false;
          await write(settingPrefix + name, encode(value));
          return true;
        });
      },
    },

    async close() {
      await locks.idle();
      await guard?.leave();
      await attempt("close", () => keyv.disconnect());
    },
  };
}

interface StoredFlow {
  readonly sealed: string;
  readonly until: number;
}

const rowPrefix = "grant:";
const flowPrefix = "flow:";
const settingPrefix = "setting:";
const probeKey = "probe";

function holds(row: GrantRow, expected: CommitCondition): boolean {
  return row.grantId === expected.grantId && row.version === expected.version && row.fence === expected.fence;
}

function without(intents: readonly OpenIntent[], tokenSets: readonly string[]): readonly OpenIntent[] {
  return intents.filter((intent) => !tokenSets.includes(intent.tokenSet));
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function decode(text: string): Uint8Array {
  return Buffer.from(text, "base64url");
}

/** Keyv falls back to a Map for a connection string, and where it knows no adapter: that must not pass for a database. */
function isInMemory(store: unknown): boolean {
  return (
    store instanceof Map ||
    (typeof store === "object" && store !== null && "store" in store && store.store instanceof Map)
  );
}
