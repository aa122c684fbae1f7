/** Unwrapped keys in memory: for a bounded time, and at most so many, oldest out first. */
export interface KeyCache<Key> {
  get(name: string): Key | undefined;
  set(name: string, key: Key): void;
  clear(): void;
}

export interface KeyCacheOptions {
  readonly lifetimeMs: number;
  readonly maximumEntries: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function createKeyCache<Key>({ lifetimeMs, maximumEntries, now }: KeyCacheOptions): KeyCache<Key> {
  const entries = new Map<string, { readonly key: Key; readonly since: number }>();
  return {
    get(name) {
      const entry = entries.get(name);
      if (entry === undefined) return undefined;
      const age = now() - entry.since;
      // A clock that was set back must not make a key live for longer.
      if (age >= 0 && age < lifetimeMs) return entry.key;
      entries.delete(name);
      return undefined;
    },
    set(name, key) {
      entries.delete(name);
      entries.set(name, { key, since: now() });
      const [oldest] = entries.keys();
      if (entries.size > maximumEntries && oldest !== undefined) entries.delete(oldest);
    },
    clear: () => entries.clear(),
  };
}
