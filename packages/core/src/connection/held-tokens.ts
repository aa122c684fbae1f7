import type { AccessToken } from "./access-token.ts";

/** A connection's default access token, with all that has to be known before it is handed out. Unix milliseconds. */
export interface HeldToken {
  readonly connector: string;
  readonly owner: string;
  readonly token: AccessToken;
  /** Before that, the clock was set back. */
  readonly from: number;
  readonly until: number;
}

/** The access tokens that are handed out with a look at nothing else. */
export interface HeldTokens {
  hold(connectionId: string, token: HeldToken): void;
  /** The token of this connector's connection, of this owner if one is given, where it is good at `now`. */
  find(
    connectionId: string,
    connector: string,
    owner: string | undefined,
    now: number,
  ): Promise<AccessToken> | undefined;
  delete(connectionId: string): void;
  clear(): void;
}

/**
 * In lists side by side and not in an object each: of the objects of a hundred thousand connections none lies in the
 * processor's cache, and each that is looked into takes as long as all else here.
 */
export function createHeldTokens(): HeldTokens {
  const slots = new Map<string, number>();
  const free: number[] = [];
  const connectors: string[] = [];
  const owners: string[] = [];
  const tokens: (Promise<AccessToken> | undefined)[] = [];
  /** `from` and `until` of each slot. */
  let times = new Float64Array(2 * 16);

  function slotOf(connectionId: string): number {
    const slot = slots.get(connectionId) ?? free.pop() ?? tokens.length;
    slots.set(connectionId, slot);
    if (2 * slot >= times.length) {
      const grown = new Float64Array(2 * times.length);
      grown.set(times);
      times = grown;
    }
    return slot;
  }

  return {
    hold(connectionId, { connector, owner, token, from, until }) {
      const slot = slotOf(connectionId);
      connectors[slot] = connector;
      owners[slot] = owner;
      tokens[slot] = Promise.resolve(token);
      times[2 * slot] = from;
      times[2 * slot + 1] = until;
    },
    find(connectionId, connector, owner, now) {
      const slot = slots.get(connectionId);
      if (slot === undefined || connectors[slot] !== connector) return undefined;
      if (!(now >= (times[2 * slot] ?? 0) && now < (times[2 * slot + 1] ?? 0))) return undefined;
      return owner === undefined || owners[slot] === owner ? tokens[slot] : undefined;
    },
    delete(connectionId) {
      const slot = slots.get(connectionId);
      if (slot === undefined) return;
      slots.delete(connectionId);
      free.push(slot);
      // Nothing of it is kept for longer than it is of use.
      tokens[slot] = undefined;
      owners[slot] = "";
    },
    clear() {
      slots.clear();
      for (const list of [free, connectors, owners, tokens]) list.length = 0;
    },
  };
}
