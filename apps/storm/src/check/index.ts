import { type History, killPoints } from "../history/history.ts";
import { checkCrashes, checkEndings, checkFinal } from "./ending.ts";
import { type InvariantId, readFacts, type Violation } from "./facts.ts";
import { findEndings, findLosses, type Loss } from "./losses.ts";
import { checkNeed, checkOverlaps, checkReuse } from "./sending.ts";
import { checkUse, checkVersions } from "./storing.ts";

export type { InvariantId, Violation } from "./facts.ts";
export type { Loss } from "./losses.ts";

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly losses: readonly Loss[];
  /** Stored refreshes, consents on connections that were there, deletions, passes that rewrap, and the rows of these. */
  readonly refreshes: number;
  readonly reconnects: number;
  readonly disconnects: number;
  readonly rewrapPasses: number;
  readonly rewraps: number;
  /** Microseconds from an answer's last byte to the acknowledged commit. */
  readonly commitDelays: readonly number[];
}

export const invariantIds: readonly InvariantId[] = ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8"];

/** Judges a whole history. */
export function check(history: History): Verdict {
  assertComplete(history);
  const facts = readFacts(history);
  const { accounts, versions } = facts;
  const endings = findEndings(facts);
  const losses = findLosses(facts, endings);
  const stored = [...versions.byConnection.values()].flat();
  const passes = history.processes.flatMap(({ events }) =>
    events.flatMap((event) => (event.kind === "rewrapped" ? [event.rows] : [])),
  );
  return {
    violations: [
      ...checkReuse(facts),
      ...checkFinal(facts, endings),
      ...checkVersions(facts),
      ...checkOverlaps(facts),
      ...checkUse(facts),
      ...checkEndings(facts, endings),
      ...checkNeed(facts),
      ...checkCrashes(facts, endings, losses),
    ],
    losses,
    refreshes: stored.filter(({ purpose }) => purpose === "refresh").length,
    reconnects: stored.filter(({ purpose, version }) => purpose === "consent" && version > 1).length,
    disconnects: accounts.deletions.filter(({ settled }) => settled?.outcome === "deleted").length,
    rewrapPasses: passes.length,
    rewraps: passes.reduce((sum, rows) => sum + rows, 0),
    commitDelays: [...accounts.senders.values()].flatMap(({ sent, received, commits }) => {
      if (sent.presented === undefined || received?.access === undefined) return [];
      const settled = commits.find((commit) => commit.settled?.outcome === "committed")?.settled;
      return settled === undefined ? [] : [settled.at - received.at];
    }),
  };
}

/** A history with holes would prove nothing. */
function assertComplete({ requests, processes, kills }: History): void {
  const known = new Set(processes.map(({ process }) => process));
  const sent = new Set(
    processes.flatMap(({ events }) => events.flatMap((event) => (event.kind === "sent" ? [event.request] : []))),
  );
  for (const { id, process } of requests) {
    if (!known.has(process) || !sent.has(id)) throw new Error(`Nobody wrote down that ${id} was sent.`);
  }
  for (const { process, point, request } of kills) {
    const named = killPoints.some((name) => name === point);
    if (!known.has(process) || (named && request === undefined))
      throw new Error(`The kill of ${process} has no trace.`);
  }
}
