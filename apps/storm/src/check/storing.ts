import type { ProcessEvent } from "../history/history.ts";
import type { Facts, Violation } from "./facts.ts";
import type { StoredVersion } from "./versions.ts";

/**
 * I3: versions of a row only rise, one by one; only a consent brings another grant id; each stored refresh token is the one
 * that the provider issued for the one stored before, and no older answer takes the place of a newer one; nobody reads an
 * older version than was acknowledged already, and nobody stores under a lease that another one has taken over.
 */
export function checkVersions(facts: Facts): readonly Violation[] {
  const { versions, chains, history } = facts;
  const violations: Violation[] = versions.contradictions.map(({ connection, text }) => ({
    ...{ invariant: "I3", connection, text: `${connection}: ${text}` },
  }));

  function checkStep(before: StoredVersion, after: StoredVersion): void {
    const { connection, version, purpose, token } = after;
    const report = (text: string): void => {
      violations.push({ invariant: "I3", connection, text: `${connection}: version ${version} ${text}` });
    };
    if ((after.acknowledgedAt ?? Number.POSITIVE_INFINITY) < before.committingAt) {
      report(`was acknowledged before version ${before.version} was begun`);
    }
    if (purpose === "consent") return;
    if (
      after.request !== undefined &&
      before.request !== undefined &&
      after.request.endedAt < before.request.startedAt
    ) {
      report(`holds the answer to ${after.request.id}, which is older than the one that it replaces`);
    }
    if (after.grantId !== before.grantId) report("has another grant id, without a consent");
    if (token === undefined) report("holds a refresh token that nobody was seen to receive");
    else if (token === before.token) {
      if (purpose === "refresh" && history.settings.rotation !== "none") report("keeps the spent refresh token");
    } else if (before.token === undefined || !chains.isSuccessor(before.token, token)) {
      report("holds a refresh token that is not the successor of the one before");
    }
  }

  for (const stored of versions.byConnection.values()) {
    for (const [index, after] of stored.entries()) {
      const before = stored[index - 1];
      if (before !== undefined) checkStep(before, after);
    }
  }
  return [...violations, ...staleReads(facts), ...staleLeases(facts)];
}

/** Commits that were taken from a process whose lease another one had taken over before. */
function staleLeases({ history, versions }: Facts): readonly Violation[] {
  const violations: Violation[] = [];
  for (const { process, events } of history.processes) {
    for (const event of events) {
      if (event.kind !== "leased") continue;
      const { connection, version, fence, at } = event;
      const stored = versions.byConnection.get(connection)?.find((found) => found.version === version + 1);
      const { from } = stored?.commit.committing ?? {};
      if (stored === undefined || from === undefined || from.fence >= fence || stored.committingAt < at) continue;
      const text = `${connection}: version ${stored.version} was stored by ${stored.commit.process}, whose lease ${process} had taken over`;
      violations.push({ invariant: "I3", connection, text });
    }
  }
  return violations;
}

function staleReads({ history, versions }: Facts): readonly Violation[] {
  const violations: Violation[] = [];
  for (const { process, events } of history.processes) {
    for (const event of events) {
      if (event.kind !== "seen") continue;
      const { connection, version, since } = event;
      const newer = versions.byConnection
        .get(connection)
        ?.find((stored) => stored.version > version && (stored.acknowledgedAt ?? since) < since);
      if (newer === undefined) continue;
      const text = `${connection}: ${process} read version ${version} after version ${newer.version} was acknowledged`;
      violations.push({ invariant: "I3", connection, text });
    }
  }
  return violations;
}

/**
 * I5: no process gives out or uses a refreshed access token before it has heard that the token is stored, or has read the
 * version that holds it, or a later one. The order is that in which the process itself wrote things down.
 */
export function checkUse({ history, versions, chains, fates }: Facts): readonly Violation[] {
  const violations: Violation[] = [];
  const holders = new Map<string, StoredVersion>();
  for (const stored of [...versions.byConnection.values()].flat()) {
    if (stored.access !== undefined && !holders.has(stored.access)) holders.set(stored.access, stored);
  }

  /** Where the refresh token stays the same, a version that was taken from a journal does not tell its access token. */
  function journalled(access: string): StoredVersion | undefined {
    const request = chains.issuerOf(access);
    if (history.settings.rotation !== "none" || request === undefined) return undefined;
    if (fates.of(request).kind !== "kept away") return undefined;
    const row = [...versions.byConnection.values()].find((all) => all.some(({ token }) => token === request.refresh));
    return row?.find(({ purpose, committingAt }) => purpose === "other" && committingAt > request.endedAt);
  }

  for (const { process, events } of history.processes) {
    const known = new Map<string, number>();
    const calls = new Map<number, Extract<ProcessEvent, { kind: "committing" }>>();
    const learn = (connection: string, version: number): void => {
      known.set(connection, Math.max(version, known.get(connection) ?? 0));
    };
    for (const event of events) {
      if (event.kind === "seen") learn(event.connection, event.version);
      if (event.kind === "committing") calls.set(event.call, event);
      if (event.kind === "settled" && event.outcome === "committed") {
        const committing = calls.get(event.call);
        if (committing !== undefined) learn(committing.connection, committing.to.version);
      }
      if (event.kind !== "given" && event.kind !== "used") continue;
      const request = chains.issuerOf(event.access);
      // At a consent the account is asked for with the new token, before there is a row.
      if (event.kind === "used" && request?.kind === "consent") continue;
      const holder = holders.get(event.access) ?? journalled(event.access);
      const verb = event.kind === "given" ? "gave out" : "used";
      const report = (text: string): void => {
        violations.push({ invariant: "I5", connection: holder?.connection, request: request?.id, text });
      };
      if (request === undefined) report(`${process} ${verb} an access token that the provider did not issue`);
      else if (holder === undefined)
        report(`${process} ${verb} the access token of ${request.id}, which was never stored`);
      else if ((known.get(holder.connection) ?? 0) < holder.version) {
        report(`${process} ${verb} the access token of ${request.id} before it knew that it is stored`);
      }
    }
  }
  return violations;
}
