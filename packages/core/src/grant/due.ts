import type { Connector } from "../connector/types.ts";
import { jitterOf } from "../jitter.ts";
import type { TokenSet } from "../provider/token-response.ts";

/** What of a grant says when it is due. */
export interface DueGrant {
  readonly tokenSets: Readonly<Record<string, TokenSet>>;
  /** Token sets that have ended, by name. */
  readonly ended: Readonly<Record<string, unknown>>;
}

/**
 * When a refresh is due that keeps a grant alive whose provider ends it when it is idle; `undefined` where none does.
 * Unix milliseconds.
 */
export function dueAtOf(grant: DueGrant, connector: Connector, connectionId: string): number | undefined {
  const times = Object.entries(grant.tokenSets).flatMap(([name, tokenSet]) => {
    const dueAt = Object.hasOwn(grant.ended, name) ? undefined : dueAtOfSet(tokenSet, connector, connectionId);
    return dueAt === undefined ? [] : [dueAt];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

/**
 * In the middle of the life that a refresh would begin anew, a tenth of it more or less by connection: that leaves half of
 * it for a provider's bad days, and does not let a fleet refresh all at once.
 */
export function dueAtOfSet(tokenSet: TokenSet, connector: Connector, connectionId: string): number | undefined {
  const { refreshToken, refreshTokenExpiresAt, obtainedAt } = tokenSet;
  if (refreshToken === undefined) return undefined;
  const { refreshTokenIdleLifetime, rotation } = connector;
  const lives: number[] = [];
  if (refreshTokenIdleLifetime !== undefined) lives.push(refreshTokenIdleLifetime * 1000);
  // Where a refresh brings no new refresh token, it moves no end.
  if (refreshTokenExpiresAt !== undefined && rotation.kind !== "none") lives.push(refreshTokenExpiresAt - obtainedAt);
  if (lives.length === 0) return undefined;
  return Math.round(obtainedAt + Math.max(0, Math.min(...lives)) * (0.4 + 0.2 * jitterOf(connectionId)));
}
