import type { GrantkeeperError } from "../errors.ts";

/** Tokens, by their hashes, whose renewal failed a short while ago: until then the provider is left alone. Bounded. */
export interface Failures {
  get(tokenHash: string): GrantkeeperError | undefined;
  remember(tokenHash: string, error: GrantkeeperError): void;
}

const shortestMs = 2_000;
const longestMs = 10 * 60_000;
const maximumEntries = 10_000;

export function createFailures(now: () => number): Failures {
  const entries = new Map<string, { readonly error: GrantkeeperError; readonly until: number }>();
  return {
    get(tokenHash) {
      const entry = entries.get(tokenHash);
      if (entry === undefined || now() < entry.until) return entry?.error;
      entries.delete(tokenHash);
      return undefined;
    },
    remember(tokenHash, error) {
      const wished = (error.retryAt?.getTime() ?? 0) - now();
      const until = now() + Math.min(Math.max(wished, shortestMs), longestMs);
      entries.delete(tokenHash);
      entries.set(tokenHash, { error, until });
      const [oldest] = entries.keys();
      if (entries.size > maximumEntries && oldest !== undefined) entries.delete(oldest);
    },
  };
}
