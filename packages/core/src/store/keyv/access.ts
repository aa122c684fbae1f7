import { causeWithoutSecrets, GrantkeeperError } from "../../errors.ts";

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

/** A Keyv instance whose failures are `store_unavailable`. */
export interface KeyvAccess {
  read(key: string): Promise<unknown>;
  write(key: string, value: unknown, ttlMs?: number): Promise<void>;
  remove(key: string): Promise<void>;
  /** Gives every entry to `visit`; none where the adapter cannot iterate. */
  visitAll(visit: (key: string, value: unknown) => void): Promise<void>;
  disconnect(): Promise<void>;
}

export function createAccess(keyv: KeyvLike, now: () => number): KeyvAccess {
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

  return {
    read: (key) => attempt("read", () => keyv.get(key)),
    write: (key, value, ttlMs) =>
      attempt("write", async () => {
        if (!(await keyv.set(key, value, ttlMs))) throw new Error("the adapter refused the value");
      }),
    remove: (key) => attempt("delete", async () => void (await keyv.delete(key))),
    visitAll: (visit) =>
      attempt("read", async () => {
        const { iterator } = keyv;
        if (typeof iterator !== "function") return;
        for await (const [key, value] of iterator.call(keyv) as AsyncIterable<[string, unknown]>) visit(key, value);
      }),
    disconnect: () => attempt("close", () => keyv.disconnect()),
  };
}

/** Keyv falls back to a Map for a connection string, and where it knows no adapter: that must not pass for a database. */
export function isInMemory({ store }: KeyvLike): boolean {
  return (
    store instanceof Map ||
    (typeof store === "object" && store !== null && "store" in store && store.store instanceof Map)
  );
}
