import { setTimeout as delay } from "node:timers/promises";
import type { IdentifiedConnection } from "@grantkeeper/core";
import { type SampleKeeper, tokenSetOf } from "./connectors.ts";
import type { Provider } from "./providers.ts";

export interface AskedAtOnce {
  readonly callers: number;
  /** Refreshes that reached the provider. */
  readonly tokenRequests: number;
  readonly distinctTokens: number;
  /** How much longer the token was good when they asked, in milliseconds; 0: it had run out. */
  readonly leftMs: number;
}

export interface AskAtOnceOptions {
  readonly keeper: SampleKeeper;
  readonly connection: IdentifiedConnection<"user">;
  readonly provider: Provider;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Ends the wait, as when the browser goes elsewhere. */
  readonly signal: AbortSignal;
}

const callers = 500;
/** A real provider's token may be good for hours, which nobody waits for. */
export const longestWaitMs = 60_000;

/** Waits until the token has run out, lets 500 callers ask for one at the same moment, and counts what that took. */
export async function askAtOnce({ keeper, connection, provider, now, signal }: AskAtOnceOptions): Promise<AskedAtOnce> {
  const { tokenSets } = await connection.status();
  const name = tokenSetOf(tokenSets);
  const leftMs = Math.max(0, (tokenSets[name]?.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY) - now());
  // Of a token that stays good for longer nobody has to ask for a new one, and that is the answer.
  const waited = leftMs <= longestWaitMs;
  // Whoever stopped waiting is told so by `token`.
  if (waited) await delay(leftMs + 50, undefined, { signal }).catch(() => undefined);

  const requests = countTokenRequests(keeper, connection.id, provider);
  try {
    const tokens = await Promise.all(Array.from({ length: callers }, () => connection.token({ as: name, signal })));
    return {
      callers,
      tokenRequests: requests.count(),
      distinctTokens: new Set(tokens.map(({ accessToken }) => accessToken)).size,
      leftMs: waited ? 0 : leftMs,
    };
  } finally {
    requests.stop();
  }
}

/** The provider's own log is the better witness; where the provider is real, the keeper's events have to do. */
function countTokenRequests(
  keeper: SampleKeeper,
  connectionId: string,
  { emulator }: Provider,
): { readonly count: () => number; readonly stop: () => void } {
  if (emulator !== undefined) {
    const refreshes = () => emulator.log.tokenRequests.filter(({ grantType }) => grantType === "refresh_token").length;
    const before = refreshes();
    return { count: () => refreshes() - before, stop() {} };
  }
  let refreshed = 0;
  const stop = keeper.on("connection.refreshed", (event) => {
    if (event.connectionId === connectionId) refreshed++;
  });
  return { count: () => refreshed, stop };
}
