import type { TokenSet } from "../provider/token-response.ts";

/** `fresh`: use it. `aging`: use it, and refresh behind it. `stale`: refresh before use. */
export type Freshness = "fresh" | "aging" | "stale";

const second = 1_000;

type Life = Pick<TokenSet, "obtainedAt" | "expiresAt">;

/**
 * How good an access token still is. The hard margin is a tenth of its life, at most 30 seconds; the soft one a fifth, at
 * most 5 minutes, and 20 % more or less by `jitter` (0 to 1), so that a fleet does not refresh all at once.
 * `minValidityMs` widens the hard margin, up to half of the token's life.
 */
export function freshness(tokenSet: Life, now: number, jitter: number, minValidityMs = 0): Freshness {
  const { expiresAt } = tokenSet;
  if (expiresAt === undefined) return "fresh";
  const life = lifeOf(tokenSet);
  const hard = Math.max(Math.min(30 * second, life / 10), Math.min(minValidityMs, life / 2));
  if (expiresAt - now <= hard) return "stale";
  return now < freshUntil(tokenSet, jitter) ? "fresh" : "aging";
}

/** Until when it is fresh for a caller who asks for no validity. Unix milliseconds. */
export function freshUntil(tokenSet: Life, jitter: number): number {
  const { expiresAt = Number.POSITIVE_INFINITY } = tokenSet;
  return expiresAt - Math.min(300 * second, lifeOf(tokenSet) / 5) * (0.8 + 0.4 * jitter);
}

function lifeOf({ expiresAt = Number.POSITIVE_INFINITY, obtainedAt }: Life): number {
  return Math.max(0, expiresAt - obtainedAt);
}
