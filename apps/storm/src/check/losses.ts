import type { Time } from "../history/history.ts";
import type { Facts } from "./facts.ts";
import type { StoredVersion } from "./versions.ts";

/** A row that went from active to `needs_reauthorization`. */
export interface Ending {
  readonly connection: string;
  readonly grantId: string;
  /** The version that says so, and the one before. */
  readonly stored: StoredVersion;
  readonly before: StoredVersion | undefined;
  /** As the keeper told it, where somebody lived to write it down. */
  readonly reason: string | undefined;
  /** Whether the user, or a disconnect, had ended the grant. */
  readonly wanted: boolean;
}

/** A grant that ended though nobody wanted it. */
export interface Loss {
  readonly ending: Ending;
  /** What was written down that explains it: then it was in the window that no client can close. */
  readonly cause: string | undefined;
}

export function findEndings({ history, versions, chains }: Facts): readonly Ending[] {
  const reasons = history.processes.flatMap(({ events }) =>
    events.filter((event) => event.kind === "ended" || event.kind === "status"),
  );
  const endings: Ending[] = [];
  for (const [connection, stored] of versions.byConnection) {
    for (const [index, version] of stored.entries()) {
      const before = stored[index - 1];
      const known = before?.state === "needs_reauthorization" && before.grantId === version.grantId;
      if (version.state !== "needs_reauthorization" || known) continue;
      const until = stored.slice(index + 1).find(({ state }) => state === "active")?.committingAt;
      const userEnd = chains.of(before?.token)?.userEnd;
      endings.push({
        ...{ connection, grantId: version.grantId, stored: version, before },
        reason: reasonBetween(connection, version.committingAt, until),
        wanted: userEnd !== undefined && userEnd.at <= (version.acknowledgedAt ?? Number.POSITIVE_INFINITY),
      });
    }
  }

  function reasonBetween(connection: string, from: Time, until = Number.POSITIVE_INFINITY): string | undefined {
    const told = reasons.find((event) => event.connection === connection && event.at >= from && event.at <= until);
    return told?.reason ?? history.final.find((state) => state.connection === connection && until === Infinity)?.reason;
  }

  return endings;
}

/** One for each grant: a late answer may bring an ended one back for a moment, to end again. */
export function findLosses(facts: Facts, endings: readonly Ending[]): readonly Loss[] {
  const seen = new Set<string>();
  const losses: Loss[] = [];
  for (const ending of endings) {
    const grant = `${ending.connection}/${ending.grantId}`;
    if (ending.wanted || seen.has(grant)) continue;
    seen.add(grant);
    losses.push({ ending, cause: causeOf(facts, ending) });
  }
  return losses;
}

function causeOf({ chains, fates }: Facts, { before }: Ending): string | undefined {
  for (const request of chains.presentations(before?.token)) {
    const fate = fates.of(request);
    if (fate.kind === "kept away") return fate.cause;
  }
  // The stored one was never spent: something older was presented, and the provider ended the grant for it.
  const reuse = chains.of(before?.token)?.requests.find((request) => chains.isReuse(request));
  if (reuse === undefined) return undefined;
  for (const request of chains.presentations(reuse.presented)) {
    const cause = request === reuse ? undefined : fates.incidentOf(request);
    if (cause !== undefined) return cause;
  }
  return fates.isLate(reuse) ? (fates.incidentOf(reuse) ?? "late-request") : undefined;
}
