import { randomBytes } from "node:crypto";
import { causeWithoutSecrets, GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Store } from "../store/port.ts";
import { type DerivedKey, deriveKey } from "./derived-key.ts";
import { createKeyCache } from "./key-cache.ts";
import type { KeyContext, KeyProvider } from "./key-provider.ts";

/** What seals flows, journal entries and records, and wraps the data keys of connections. */
export interface KeyEncryptionKey extends KeyContext {
  readonly derived: DerivedKey;
}

/**
 * The key-encryption keys of a store: random, wrapped by the keys of the configuration, and kept in one record. A row names
 * the one that it needs, so a key management service is asked once for each of them and not for each row.
 */
export interface KeySet {
  /** The newest one under the first key of the configuration; made where there is none. */
  sealing(): Promise<KeyEncryptionKey>;
  /** Throws `decryption_failed` for one that is not there or not of this configuration, `keys_unavailable` for one that cannot be had now. */
  find(context: KeyContext): Promise<KeyEncryptionKey>;
  /** Adds one under the first key of the configuration, which seals from then on. */
  renew(): Promise<KeyEncryptionKey>;
  /** Looks for those that other processes have added. */
  reread(): Promise<void>;
}

export interface KeySetOptions {
  readonly records: Pick<Store["records"], "get" | "compareAndSet">;
  /** The first one wraps, all of them unwrap. */
  readonly providers: readonly [KeyProvider, ...KeyProvider[]];
  /** For how long an unwrapped key is kept in memory, and after which others' new keys are looked for. */
  readonly lifetimeMs: number;
  readonly now: () => number;
}

interface WrappedEntry extends KeyContext {
  readonly wrapped: string;
}

interface Reading {
  readonly bytes: Uint8Array | undefined;
  readonly readAt: number;
  readonly entries: readonly WrappedEntry[];
}

const record = "keys";
const maximumTries = 10;
const maximumKeys = 1_000;

export function createKeySet({ records, providers, lifetimeMs, now }: KeySetOptions): KeySet {
  const [first] = providers;
  const byId = new Map(providers.map((provider) => [provider.id, provider]));
  const unwrapped = createKeyCache<KeyEncryptionKey>({ lifetimeMs, maximumEntries: maximumKeys, now });
  let known: Reading | undefined;
  let reading: Promise<Reading> | undefined;

  function read(): Promise<Reading> {
    reading ??= records
      .get(record)
      .then((bytes) => {
        known = { bytes, readAt: now(), entries: bytes === undefined ? [] : parse(bytes) };
        return known;
      })
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  /** As it was read lately. Where the store is away, an older one will do: its keys are good for ever. */
  async function recent(): Promise<Reading> {
    const before = known;
    const age = before === undefined ? Number.POSITIVE_INFINITY : now() - before.readAt;
    if (before !== undefined && age >= 0 && age < lifetimeMs) return before;
    return read().catch((error: unknown) => {
      if (before === undefined) throw error;
      return before;
    });
  }

  function newest({ entries }: Pick<Reading, "entries">): WrappedEntry | undefined {
    const own = entries.filter(({ keyId }) => keyId === first.id);
    return own.sort((one, other) => one.version - other.version).at(-1);
  }

  async function unwrap({ keyId, version, wrapped }: WrappedEntry): Promise<KeyEncryptionKey> {
    const found = unwrapped.get(nameOf({ keyId, version }));
    if (found !== undefined) return found;
    const provider = byId.get(keyId);
    if (provider === undefined) throw missing(keyId);
    const bytes = await asked(keyId, () => provider.unwrap(Buffer.from(wrapped, "base64url"), { keyId, version }), now);
    if (bytes.byteLength !== 32)
      throw new GrantkeeperError("decryption_failed", "A key-encryption key has not 32 bytes.");
    return remember({ keyId, version }, bytes);
  }

  function remember(context: KeyContext, bytes: Uint8Array): KeyEncryptionKey {
    const key = { ...context, derived: deriveKey(bytes) };
    unwrapped.set(nameOf(context), key);
    return key;
  }

  /** Wraps a new key, and opens it again: one that cannot be opened must never become the newest. */
  async function wrapNew(context: KeyContext): Promise<{ readonly entry: WrappedEntry; readonly key: Uint8Array }> {
    const key = randomBytes(32);
    const wrapped = await asked(first.id, () => first.wrap(key, context), now);
    const opened = await asked(first.id, () => first.unwrap(wrapped, context), now);
    if (key.equals(opened)) return { entry: { ...context, wrapped: Buffer.from(wrapped).toString("base64url") }, key };
    throw new GrantkeeperError("decryption_failed", `Key "${first.id}" opens something else than what it has wrapped.`);
  }

  /** Adds a key after the newest one that is `seen`; where another process has just done so, that one's is taken. */
  async function add(seen: WrappedEntry | undefined): Promise<KeyEncryptionKey> {
    for (let attempt = 0; attempt < maximumTries; attempt++) {
      const { bytes, entries } = await read();
      const there = newest({ entries });
      if (there !== undefined && there.version > (seen?.version ?? 0)) return unwrap(there);
      const context = { keyId: first.id, version: (there?.version ?? 0) + 1 };
      const { entry, key } = await wrapNew(context);
      const added = await records.compareAndSet(record, bytes, serialise([...entries, entry]));
      if (added) remember(context, key);
    }
    throw new GrantkeeperError("store_unavailable", "The store's keys changed too often while one was added.");
  }

  return {
    async sealing() {
      const there = newest(await recent());
      return there === undefined ? add(undefined) : unwrap(there);
    },
    async find({ keyId, version }) {
      const found = unwrapped.get(nameOf({ keyId, version }));
      if (found !== undefined) return found;
      if (!byId.has(keyId)) throw missing(keyId);
      const isIt = (entry: WrappedEntry): boolean => entry.keyId === keyId && entry.version === version;
      // Another process may have added it since.
      const entry = known?.entries.find(isIt) ?? (await read()).entries.find(isIt);
      if (entry !== undefined) return unwrap(entry);
      throw new GrantkeeperError(
        "decryption_failed",
        `The store has no version ${version} of the key-encryption keys under "${keyId}".`,
      );
    },
    renew: async () => add(newest(await read())),
    async reread() {
      await read();
    },
  };
}

function nameOf({ keyId, version }: KeyContext): string {
  return `${keyId}/${version}`;
}

async function asked(id: string, ask: () => Promise<Uint8Array>, now: () => number): Promise<Uint8Array> {
  try {
    return await ask();
  } catch (error) {
    if (isGrantkeeperError(error)) throw error;
    throw new GrantkeeperError("keys_unavailable", `Key "${id}" could not be used.`, {
      cause: causeWithoutSecrets(error),
      retryAt: new Date(now() + 1_000),
    });
  }
}

function missing(id: string): GrantkeeperError {
  return new GrantkeeperError("decryption_failed", `No configured key has the id "${id}" that something stored needs.`);
}

function serialise(entries: readonly WrappedEntry[]): Uint8Array {
  return Buffer.from(JSON.stringify({ format: 1, keys: entries }));
}

function parse(bytes: Uint8Array): readonly WrappedEntry[] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    value = undefined;
  }
  const { format, keys } = (value ?? {}) as { readonly format?: unknown; readonly keys?: unknown };
  if (format === 1 && Array.isArray(keys) && keys.every(isEntry)) return keys;
  throw new GrantkeeperError(
    "decryption_failed",
    "The store's key-encryption keys are not in a form that this version knows.",
  );
}

function isEntry(value: unknown): value is WrappedEntry {
  if (typeof value !== "object" || value === null) return false;
  const { keyId, version, wrapped } = value as Partial<Record<keyof WrappedEntry, unknown>>;
  return (
    typeof keyId === "string" &&
    /^[\w.-]{1,64}$/.test(keyId) &&
    typeof version === "number" &&
    Number.isInteger(version) &&
    version > 0 &&
    version < 2 ** 32 &&
    typeof wrapped === "string"
  );
}
