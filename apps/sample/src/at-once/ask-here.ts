import { createHmac } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { SampleKeeper } from "../connectors.ts";
import type { Moment, Share, Target } from "./messages.ts";

export interface AskHere extends Moment {
  readonly keeper: SampleKeeper;
  readonly target: Target;
  /** Ends the wait of all callers. */
  readonly signal?: AbortSignal;
}

/** Lets callers of this process ask for a token at one moment, and says what they got. Rejects as `token` does. */
export async function askHere({ keeper, target, at, callers, digestKey, signal }: AskHere): Promise<Share> {
  const { connector, connectionId, tokenSet } = target;
  const connection = keeper.connection(connector, { id: connectionId });
  const options = { as: tokenSet, ...(signal && { signal }) };
  let refreshes = 0;
  const stop = keeper.on("connection.refreshed", (event) => {
    if (event.connectionId === connectionId && event.tokenSet === tokenSet) refreshes++;
  });
  try {
    // Whoever stopped waiting is told so by `token`.
    await delay(Math.max(0, at - Date.now()), undefined, { signal }).catch(() => undefined);
    const tokens = await Promise.all(Array.from({ length: callers }, () => connection.token(options)));
    const distinct = new Set(tokens.map(({ accessToken }) => accessToken));
    return { pid: process.pid, callers, tokens: [...distinct].map((token) => digest(token, digestKey)), refreshes };
  } finally {
    stop();
  }
}

function digest(token: string, key: string): string {
  return createHmac("sha256", key).update(token).digest("base64url");
}
