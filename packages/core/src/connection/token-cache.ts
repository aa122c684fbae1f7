import type { OpenGrant } from "../grant/grants.ts";

/** Grants that this process has opened, so that a valid token costs no read and no decryption. Bounded: oldest out first. */
export interface TokenCache {
  get(connectionId: string): CachedGrant | undefined;
  /** Keeps what was read, unless a newer version is held already. */
  set(open: OpenGrant, checkedAt: number): CachedGrant;
  delete(connectionId: string): void;
  clear(): void;
}

export interface CachedGrant extends OpenGrant {
  /** When this version was last seen in the store. Unix milliseconds. */
  readonly checkedAt: number;
}

export function createTokenCache(maximumEntries: number): TokenCache {
  const entries = new Map<string, CachedGrant>();
  return {
    get: (connectionId) => entries.get(connectionId),
    set(open, checkedAt) {
      const { connectionId } = open.row;
      const known = entries.get(connectionId);
      const stale = known !== undefined && known.row.version > open.row.version;
      const entry = stale ? known : { ...open, checkedAt };
      if (!stale) {
        entries.set(connectionId, entry);
        if (entries.size > maximumEntries) {
          const [oldest] = entries.keys();
          if (oldest !== undefined) entries.delete(oldest);
        }
      }
      return entry;
    },
    delete: (connectionId) => void entries.delete(connectionId),
    clear: () => entries.clear(),
  };
}
