import type { ConnectionStatus } from "@grantkeeper/core";

type TokenSetStatus = ConnectionStatus["tokenSets"][string];

/** How far through its life an access token is, in words and as a share: for the page and for its script alike. */
export interface TokenLife {
  /** 1 to 0; `undefined` where the token does not expire. */
  readonly share: number | undefined;
  readonly left: string;
  readonly origin: string;
  /** Unix milliseconds: another value means another token. */
  readonly obtainedAt: number;
}

export interface ConnectionProgress {
  readonly id: string;
  readonly state: ConnectionStatus["state"];
  readonly tokenSets: Readonly<Record<string, TokenLife>>;
}

/** What changes about a connection while somebody looks on. `now` is Unix milliseconds. */
export function progressOf(status: ConnectionStatus, now: number): ConnectionProgress {
  const tokenSets = Object.entries(status.tokenSets).map(([name, set]) => [name, tokenLife(set, status, now)] as const);
  return { id: status.connectionId, state: status.state, tokenSets: Object.fromEntries(tokenSets) };
}

export function tokenLife(set: TokenSetStatus, { connectedAt }: ConnectionStatus, now: number): TokenLife {
  const { obtainedAt, expiresAt } = set;
  const life = expiresAt === undefined ? undefined : expiresAt.getTime() - obtainedAt.getTime();
  const left = expiresAt === undefined ? undefined : Math.max(0, expiresAt.getTime() - now);
  const ageMs = now - obtainedAt.getTime();
  const age = ageMs < 1000 ? "just now" : `${duration(ageMs)} ago`;
  return {
    share: life === undefined || left === undefined ? undefined : Math.min(1, left / Math.max(1, life)),
    left: leftInWords(set, left),
    origin: obtainedAt > connectedAt ? `refreshed ${age}` : `received ${age}`,
    obtainedAt: obtainedAt.getTime(),
  };
}

function leftInWords({ ended, refreshable }: TokenSetStatus, left: number | undefined): string {
  if (ended !== undefined) return "ended";
  if (left === undefined) return "does not expire";
  if (left > 0) return `good for ${duration(left)}`;
  return refreshable ? "expired, refreshed at its next use" : "expired";
}

/** One unit is enough for a glance. */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 2 * 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 2 * 86_400) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
