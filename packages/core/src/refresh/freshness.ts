import type { TokenSet } from "../provider/token-response.ts";

/** `fresh`: use it. `aging`: use it, and refresh behind it. `stale`: refresh before use. */
export type Freshness = "fresh" | "aging" | "stale";

const second = 1_000;

/**
 * How good an access token still is. The hard margin is a tenth of its life, at most 30 seconds; the soft one a fifth, at
 * most 5 minutes, and 20 % more or less by `jitter` (0 to 1), so that a fleet does not refresh all at once.
 * `minValidityMs` widens the hard margin, up to half of the token's life.
 */
export function freshness(
  tokenSet: Pick<TokenSet, "obtainedAt" | "expiresAt">,
  now: number,
  jitter: number,
  minValidityMs = 0,
): Freshness {
  const { expiresAt, obtainedAt } = tokenSet;
  if (expiresAt === undefined) return "fresh";
  const life = Math.max(0, expiresAt - obtainedAt);
  const left = expiresAt - now;
  const hard = Math.max(Math.min(30 * second, life / 10), Math.min(minValidityMs, life / 2));
  if (left <= hard) return "stale";
  const soft = Math.min(300 * second, life / 5) * (0.8 + 0.4 * jitter);
  return left <= soft ? "aging" : "fresh";
}
