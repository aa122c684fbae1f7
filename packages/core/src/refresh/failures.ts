import type { GrantkeeperError } from "../errors.ts";

/** Refresh tokens whose last refresh failed a short while ago: until then the provider is left alone. Bounded. */
export interface Failures {
  get(refreshTokenHash: string): GrantkeeperError | undefined;
  remember(refreshTokenHash: string, error: GrantkeeperError): void;
}

const shortestMs = 2_000;
const longestMs = 10 * 60_000;
const maximumEntries = 10_000;

export function createFailures(now: () => number): Failures {
  const entries = new Map<string, { readonly error: GrantkeeperError; readonly until: number }>();
  return {
    get(refreshTokenHash) {
      const entry = entries.get(refreshTokenHash);
      if (entry === undefined || now() < entry.until) return entry?.error;
      entries.delete(refreshTokenHash);
      return undefined;
    },
    remember(refreshTokenHash, error) {
      const wished = (error.retryAt?.getTime() ?? 0) - now();
      const until = now() + Math.min(Math.max(wished, shortestMs), longestMs);
      entries.delete(refreshTokenHash);
      entries.set(refreshTokenHash, { error, until });
      const [oldest] = entries.keys();
      if (entries.size > maximumEntries && oldest !== undefined) entries.delete(oldest);
    },
  };
}
