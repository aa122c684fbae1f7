import type { LastAnswer, Violation } from "../checks/check.ts";
import type { Happening, LossCause, Oracle, StoredGrant } from "../history.ts";
import { createMonitor } from "../monitor.ts";
import type { RotationMode } from "../provider.ts";

/** One line of a hand-made history: when, in seconds, and what. */
export type Line = readonly [at: number, happening: Happening];

export interface World {
  readonly mode?: RotationMode;
  readonly dead?: Readonly<Record<string, ReturnType<Oracle["whyDead"]>>>;
  /** From a refresh token to the one that it was given for. */
  readonly parents?: Readonly<Record<string, string>>;
  readonly answers?: readonly LastAnswer[];
}

/** What the checks say to a history. A token's grant is the letter that it begins with, and all belong to account 0. */
export function judge(
  lines: readonly Line[],
  { mode = "strict", dead = {}, parents = {}, answers = [] }: World = {},
): { readonly violations: readonly Violation[]; readonly losses: readonly LossCause[] } {
  const oracle: Oracle = {
    whyDead: (refreshToken) => dead[refreshToken],
    lineage(refreshToken) {
      const lineage = [refreshToken];
      for (let parent = parents[refreshToken]; parent !== undefined; parent = parents[parent]) lineage.push(parent);
      return lineage;
    },
    grantOf: (refreshToken) => refreshToken.charAt(0),
    accountOf: () => 0,
  };
  const times = { leaseMs: 6_000, recoveryWaitMs: 12_000, cacheForMs: 10_000 };
  const monitor = createMonitor({ mode, oracle, times });
  for (const [at, happening] of lines) monitor.observe({ at: at * 1000, ...happening });
  monitor.finish((lines.at(-1)?.[0] ?? 0) * 1000, answers);
  return monitor;
}

export function invariantsOf(lines: readonly Line[], world?: World): readonly string[] {
  return [...new Set(judge(lines, world).violations.map(({ invariant }) => invariant))].sort();
}

/** A row whose access token runs out at second 120. */
export function stored(refreshToken: string, version: number, change: Partial<StoredGrant> = {}): StoredGrant {
  return {
    account: 0,
    connectionId: "con",
    grantId: "gnt",
    version,
    refreshToken,
    accessToken: `at-${refreshToken}`,
    obtainedAt: 0,
    expiresAt: 120_000,
    ended: undefined,
    ...change,
  };
}

const born = (life: number, host = 0): Happening => ({ kind: "born", life, process: life, host, skewMs: 0 });

export const leased = (
  life: number,
  at: number,
  found?: { readonly attemptId: string; readonly ageMs: number },
  attemptId = `try-${life}`,
): Line => [
  at,
  {
    ...{ kind: "leased", life, account: 0, connectionId: "con", fence: 1, until: at * 1000 + 6_000, found },
    intent: { attemptId, tokenSet: "default", refreshTokenHash: "hash" },
  },
];

export const sent = (life: number, at: number, request: number, refreshToken: string): Line => [
  at,
  { kind: "sent", request, life, refreshToken },
];

/** The provider acts on it; without `gives` it refuses. */
export const presented = (at: number, request: number, gives?: string, reuse = false): Line => [
  at,
  {
    ...{ kind: "presented", request, reuse },
    issued: gives === undefined ? undefined : { accessToken: `at-${gives}`, refreshToken: gives },
  },
];

export const closed = (
  at: number,
  request: number,
  outcome: "tokens" | "refused" | "not spent" | "unclear",
  cause?: LossCause,
): Line => [at, { kind: "closed", request, outcome, ...(cause === undefined ? {} : { cause }) }];

export const commit = (life: number, at: number, content: StoredGrant): Line => [
  at,
  { kind: "stored", life, cause: "commit", ...content },
];

/** Two processes of one host and a third of another, and a connection whose access token is old at second 115. */
export const beginning: readonly Line[] = [
  [0, born(1)],
  [0, born(2)],
  [0, born(3, 1)],
  [0, { kind: "stored", life: undefined, cause: "insert", ...stored("a1", 1) }],
];

/** A caller of the first process asks. */
export const asked: Line = [
  115,
  { kind: "called", call: 1, life: 1, account: 0, purpose: "token", rejected: undefined },
];

/** Of a token set that the refresh at second 115 brought. */
export const fresh: Pick<StoredGrant, "obtainedAt" | "expiresAt"> = { obtainedAt: 115_000, expiresAt: 235_000 };
export const parents: Readonly<Record<string, string>> = { a2: "a1", a3: "a2" };
/** An open intent of the first process. */
export const found = (ageSeconds: number): { readonly attemptId: string; readonly ageMs: number } => ({
  attemptId: "try-1",
  ageMs: ageSeconds * 1000,
});
/** The first process refreshes, up to and without the commit. */
export const refreshed: readonly Line[] = [
  ...beginning,
  asked,
  leased(1, 115),
  sent(1, 115, 10, "a1"),
  presented(115, 10, "a2"),
  closed(115, 10, "tokens"),
];

export const wholeRefresh: readonly Line[] = [
  ...refreshed,
  commit(1, 115, stored("a2", 2, fresh)),
  [115, { kind: "returned", call: 1, accessToken: "at-a2" }],
];
