import type { OpenGrant } from "../grant/grant.ts";
import { createHeldTokens, type HeldToken, type HeldTokens } from "./held-tokens.ts";

/** Grants that this process has opened, so that a valid token costs no read and no decryption. Bounded: oldest out first. */
export interface TokenCache {
  get(connectionId: string): CachedGrant | undefined;
  /** Keeps what was read, unless what is held is newer. `checkedAt`: when it was asked for, since an answer may take its time. */
  set(open: OpenGrant, checkedAt: number): CachedGrant;
  /** Keeps the token that was made of a grant for as long as that is in the cache. */
  hold(cached: CachedGrant, token: HeldToken): void;
  readonly held: HeldTokens["find"];
  delete(connectionId: string): void;
  clear(): void;
}

export interface CachedGrant extends OpenGrant {
  /** When this version was last seen in the store. Unix milliseconds. */
  readonly checkedAt: number;
}

export function createTokenCache(maximumEntries: number): TokenCache {
  const entries = new Map<string, CachedGrant>();
  const tokens = createHeldTokens();

  function remove(connectionId: string): void {
    entries.delete(connectionId);
    tokens.delete(connectionId);
  }

  return {
    get: (connectionId) => entries.get(connectionId),
    set(open, checkedAt) {
      const { connectionId } = open.row;
      const known = entries.get(connectionId);
      const stale = known !== undefined && isOlder(open, known);
      const entry = stale ? known : { row: open.row, grant: open.grant, checkedAt };
      if (!stale) {
        entries.set(connectionId, entry);
        tokens.delete(connectionId);
        if (entries.size > maximumEntries) {
          const [oldest] = entries.keys();
          if (oldest !== undefined) remove(oldest);
        }
      }
      return entry;
    },
    hold(cached, token) {
      const { connectionId } = cached.row;
      // What was replaced while the token was looked at must not come back.
      if (entries.get(connectionId) === cached) tokens.hold(connectionId, token);
    },
    held: tokens.find,
    delete: remove,
    clear() {
      entries.clear();
      tokens.clear();
    },
  };
}

/** Versions count within a grant; a restored row and a new consent may bring a lower one, so between grants the read decides. */
function isOlder({ row }: OpenGrant, { row: known }: OpenGrant): boolean {
  return row.grantId === known.grantId ? row.version < known.version : row.readAt < known.readAt;
}
