import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ConnectionStatus,
  type ErrorCode,
  GrantkeeperError,
  type IdentifiedConnection,
  isGrantkeeperError,
} from "@grantkeeper/core";
import { type ConnectorKey, type SampleKeeper, tokenSetOf } from "../connectors.ts";
import type { Provider } from "../providers.ts";
import { askHere } from "./ask-here.ts";
import type { Share, Target } from "./messages.ts";
import type { SecondProcesses } from "./second-processes.ts";
import { type SecondProcess, SecondProcessError } from "./start-second-process.ts";

export type AskedAtOnce = AllAnswered | SecondLost;

export interface AllAnswered {
  readonly kind: "answered";
  /** Of each process: this one's, and the second one's. */
  readonly shares: readonly [Share, Share];
  readonly refreshes: CountedRefreshes;
  /** Over both processes. */
  readonly distinctTokens: number;
  /** How much longer the token was good when they asked, in milliseconds; 0: it had run out. */
  readonly leftMs: number;
}

/** The second process did not answer. */
export interface SecondLost {
  readonly kind: "lost";
  readonly why: string;
  /** What came of the callers in this process; `undefined`: nobody had asked yet. */
  readonly here: Share | { readonly code: ErrorCode; readonly message: string } | undefined;
}

/** The provider counts requests that reached it; a keeper reports those that brought a token. */
export interface CountedRefreshes {
  readonly count: number;
  readonly by: "provider" | "keepers";
}

export interface AskAtOnceOptions {
  readonly key: ConnectorKey;
  readonly connection: IdentifiedConnection<"user">;
  readonly keeper: SampleKeeper;
  readonly provider: Provider;
  readonly secondProcesses: SecondProcesses;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Ends the wait, as when the browser goes elsewhere. */
  readonly signal: AbortSignal;
}

/** In each of the two processes. */
const callers = 250;
/** A real provider's token may be good for hours, which nobody waits for. */
export const longestWaitMs = 60_000;
/** Until the token has run out for certain, and until the second process has heard of the moment. */
const marginMs = 50;

/**
 * Waits until the token has run out, lets 250 callers here and 250 in a second process ask for one at the same moment,
 * and counts what that took. Rejects as `token` does.
 */
export async function askAtOnce(options: AskAtOnceOptions): Promise<AskedAtOnce> {
  const { key, connection, secondProcesses, signal } = options;
  const { tokenSets } = await connection.status();
  const target: Target = { connector: key, connectionId: connection.id, tokenSet: tokenSetOf(tokenSets) };
  const second = secondProcesses.start(target);
  const waiting = new AbortController();
  const giveUp = (): void => {
    waiting.abort();
    void second.end();
  };
  signal.addEventListener("abort", giveUp);
  try {
    await second.unlessLost(Promise.all([second.ready(), runsOut(options, target, waiting.signal)]));
    return await askInBoth(options, target, second);
  } catch (error) {
    if (signal.aborted) throw new GrantkeeperError("aborted", "The caller stopped waiting.");
    if (error instanceof SecondProcessError) return { kind: "lost", why: error.message, here: undefined };
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
    giveUp();
  }
}

async function askInBoth(
  { keeper, provider, connection, now, signal }: AskAtOnceOptions,
  target: Target,
  second: SecondProcess,
): Promise<AskedAtOnce> {
  // Somebody else may have had it refreshed meanwhile.
  const leftMs = leftMsOf(await connection.status(), target, now());
  const countRefreshes = refreshCounter(provider);
  const moment = {
    at: Date.now() + marginMs,
    callers,
    digestKey: randomBytes(32).toString("base64url"),
  };
  const [here, there] = await Promise.allSettled([askHere({ ...moment, keeper, target, signal }), second.ask(moment)]);
  if (there.status === "rejected") return lost(there.reason, here);
  if (here.status === "rejected") throw here.reason;
  const shares = [here.value, there.value] as const;
  return {
    kind: "answered",
    shares,
    refreshes: countRefreshes(shares),
    distinctTokens: new Set(shares.flatMap(({ tokens }) => tokens)).size,
    leftMs,
  };
}

function lost(reason: unknown, here: PromiseSettledResult<Share>): SecondLost {
  if (!(reason instanceof SecondProcessError)) throw reason;
  if (here.status === "fulfilled") return { kind: "lost", why: reason.message, here: here.value };
  // Where both processes were refused, nothing was wrong with the second one.
  if (reason.code !== undefined || !isGrantkeeperError(here.reason)) throw here.reason;
  const { code, message } = here.reason;
  return { kind: "lost", why: reason.message, here: { code, message } };
}

/** Of a token that stays good for longer nobody has to ask for a new one, and that is the answer. */
async function runsOut({ connection, now }: AskAtOnceOptions, target: Target, signal: AbortSignal): Promise<void> {
  const leftMs = leftMsOf(await connection.status(), target, now());
  if (leftMs <= longestWaitMs) await delay(leftMs + marginMs, undefined, { signal });
}

function leftMsOf({ tokenSets }: ConnectionStatus, { tokenSet }: Target, now: number): number {
  const { expiresAt } = tokenSets[tokenSet] ?? {};
  return expiresAt === undefined ? Number.POSITIVE_INFINITY : Math.max(0, expiresAt.getTime() - now);
}

/** The provider's own log is the better witness; where the provider is real, the keepers' events have to do. */
function refreshCounter({ emulator }: Provider): (shares: readonly Share[]) => CountedRefreshes {
  if (emulator === undefined) {
    return (shares) => ({ count: shares.reduce((sum, { refreshes }) => sum + refreshes, 0), by: "keepers" });
  }
  const requests = () => emulator.log.tokenRequests.filter(({ grantType }) => grantType === "refresh_token").length;
  const before = requests();
  return () => ({ count: requests() - before, by: "provider" });
}
