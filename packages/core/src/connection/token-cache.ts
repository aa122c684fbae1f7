import type { OpenGrant } from "../grant/grants.ts";
import type { AccessToken } from "./access-token.ts";

/** Grants that this process has opened, so that a valid token costs no read and no decryption. Bounded: oldest out first. */
export interface TokenCache {
  get(connectionId: string): CachedGrant | undefined;
  /** Keeps what was read, unless what is held is newer. `checkedAt`: when it was asked for, since an answer may take its time. */
  set(open: OpenGrant, checkedAt: number): CachedGrant;
  delete(connectionId: string): void;
  clear(): void;
}

export interface CachedGrant extends OpenGrant {
  /** When this version was last seen in the store. Unix milliseconds. */
  readonly checkedAt: number;
  /** Its default access token as it was last found fresh, and until when it is so. Unix milliseconds. */
  held: { readonly token: Promise<AccessToken>; readonly freshUntil: number } | undefined;
}

export function createTokenCache(maximumEntries: number): TokenCache {
  const entries = new Map<string, CachedGrant>();
  return {
    get: (connectionId) => entries.get(connectionId),
    set(open, checkedAt) {
      const { connectionId } = open.row;
      const known = entries.get(connectionId);
      const stale = known !== undefined && isOlder(open, known);
      const entry = stale ? known : { row: open.row, grant: open.grant, checkedAt, held: undefined };
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

/** Versions count within a grant; a restored row and a new consent may bring a lower one, so between grants the read decides. */
function isOlder({ row }: OpenGrant, { row: known }: OpenGrant): boolean {
  return row.grantId === known.grantId ? row.version < known.version : row.readAt < known.readAt;
}
