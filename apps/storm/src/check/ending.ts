import { type Kill, killPoints, spendingPoints } from "../history/history.ts";
import type { Facts, Violation } from "./facts.ts";
import type { Ending, Loss } from "./losses.ts";

/** I2: in the end each grant that nobody ended can be refreshed, and no row is gone that nobody deleted. */
export function checkFinal({ history, versions, accounts }: Facts, endings: readonly Ending[]): readonly Violation[] {
  const violations: Violation[] = [];
  const report = (connection: string, text: string): void => {
    violations.push({ invariant: "I2", connection, text: `${connection} ${text}` });
  };
  const found = new Set<string>();
  for (const { connection, outcome } of history.final) {
    found.add(connection);
    const last = versions.byConnection.get(connection)?.at(-1);
    const ended = endings.some((ending) => ending.connection === connection && ending.grantId === last?.grantId);
    if (outcome === "refreshed" || (outcome === "ended" && ended)) continue;
    report(connection, `could not be refreshed in the end: ${outcome}`);
  }
  const deleted = new Set(
    accounts.deletions
      .filter(({ settled }) => settled === undefined || settled.outcome === "deleted" || settled.outcome === "failed")
      .map(({ deleting }) => deleting.connection),
  );
  for (const connection of versions.byConnection.keys()) {
    const isStored = (versions.byConnection.get(connection)?.length ?? 0) > 0;
    if (isStored && !found.has(connection) && !deleted.has(connection))
      report(connection, "is gone, and nobody deleted it");
  }
  return violations;
}

/**
 * I6: a connection needs a new consent if, and only if, the provider has ended its grant: it refused the stored refresh
 * token, and takes no other that is stored. No caller was told otherwise.
 */
export function checkEndings(facts: Facts, endings: readonly Ending[]): readonly Violation[] {
  const { history, chains, versions } = facts;
  const violations: Violation[] = [];
  for (const { connection, grantId, stored, before } of endings) {
    const refusal = chains
      .presentations(before?.token)
      .findLast(
        ({ outcome, process, endedAt }) =>
          outcome === "refused" && process === stored.commit.process && endedAt <= (stored.acknowledgedAt ?? endedAt),
      );
    const held = new Set(
      versions.byConnection.get(connection)?.flatMap((version) => (version.grantId === grantId ? [version.token] : [])),
    );
    const alive = refusal?.alive?.filter((token) => history.settings.rotation === "strict" || held.has(token)) ?? [];
    const report = (text: string): void => {
      violations.push({ invariant: "I6", connection, request: refusal?.id, text: `${connection} ${text}` });
    };
    if (refusal === undefined) report("was ended though the provider had not refused its refresh token");
    else if (alive.length > 0) report(`was ended though the provider still took ${alive.join(", ")}`);
  }
  return [...violations, ...checkTold(facts, endings)];
}

function checkTold({ history, versions, accounts }: Facts, endings: readonly Ending[]): readonly Violation[] {
  const violations: Violation[] = [];
  const byConnection = Map.groupBy(endings, ({ connection }) => connection);
  const endedBy = new Map<string, number>();
  for (const { process, committing, settled } of accounts.commits) {
    const { connection, to } = committing;
    if (to.state !== "needs_reauthorization" || settled?.outcome !== "committed") continue;
    const key = `${process}/${connection}`;
    endedBy.set(key, Math.min(endedBy.get(key) ?? Number.POSITIVE_INFINITY, settled.at));
  }

  for (const { process, events } of history.processes) {
    for (const event of events) {
      if (event.kind === "ended" && !((endedBy.get(`${process}/${event.connection}`) ?? Infinity) <= event.at)) {
        const text = `${process} said that ${event.connection} had ended before that was stored`;
        violations.push({ invariant: "I6", connection: event.connection, text });
      }
      if (event.kind !== "told" || event.code !== "reauthorization_required") continue;
      const { connection, at, since } = event;
      const ending = byConnection.get(connection)?.findLast(({ stored }) => stored.committingAt <= at);
      // What a process has read it may go on saying for a while.
      const reconnected = versions.byConnection
        .get(connection)
        ?.find(
          ({ purpose, version, acknowledgedAt = since }) =>
            purpose === "consent" &&
            version > (ending?.stored.version ?? Infinity) &&
            acknowledgedAt < since - history.settings.cacheFor,
        );
      if (ending !== undefined && reconnected === undefined) continue;
      const text = `a caller of ${process} was told that ${connection} had ended, which was not so`;
      violations.push({ invariant: "I6", connection, text });
    }
  }
  return violations;
}

const harmless = killPoints.filter((point) => !spendingPoints.includes(point));

/**
 * I8: a crash before sending, after the commit or before the release loses nothing in any mode. One in between loses
 * nothing unless rotation is strict, and is found out as `rotation_response_lost` each time where it is.
 */
export function checkCrashes(facts: Facts, endings: readonly Ending[], losses: readonly Loss[]): readonly Violation[] {
  const { history } = facts;
  const strict = history.settings.rotation === "strict";
  const violations: Violation[] = [];
  const report = (connection: string | undefined, request: string | undefined, text: string): void => {
    violations.push({ invariant: "I8", connection, request, text });
  };

  for (const { ending, cause } of losses) {
    const { connection, before } = ending;
    const point = spendingPoints.find((name) => cause === `killed-${name}`);
    if (point !== undefined && !strict) {
      report(connection, undefined, `${connection} was lost by a kill ${point}, which must lose nothing`);
    }
    const near = history.kills.find(
      (kill) =>
        kill.connection === connection &&
        harmless.some((name) => name === kill.point) &&
        kill.at > (before?.committingAt ?? 0),
    );
    if (cause === undefined && near !== undefined) {
      report(connection, near.request, `${connection} was lost after a kill ${near.point}, which must lose nothing`);
    }
  }
  if (!strict) return violations;

  for (const kill of history.kills) {
    if (!spendingPoints.some((point) => point === kill.point) || kill.request === undefined) continue;
    const problem = undetected(facts, endings, kill);
    if (problem !== undefined)
      report(kill.connection, kill.request, `${problem} the kill ${kill.point} of ${kill.request}`);
  }
  return violations;
}

/** What is wrong about the aftermath of a kill that spent a strict refresh token; `undefined` where nothing is. */
function undetected({ chains, versions, accounts, history }: Facts, endings: readonly Ending[], kill: Kill) {
  const request = history.requests.find(({ id }) => id === kill.request);
  if (request?.outcome !== "issued") return "nothing was spent at";
  const chain = chains.of(request.presented);
  if (chain?.userEnd !== undefined) return undefined;
  for (const [connection, stored] of versions.byConnection) {
    const last = stored.findLast(({ token }) => chains.of(token) === chain);
    if (last === undefined) continue;
    const ending = endings.find((found) => found.connection === connection && found.grantId === last.grantId);
    if (ending !== undefined) {
      const { reason = "rotation_response_lost" } = ending;
      return reason === "rotation_response_lost" ? undefined : `${reason} was found after`;
    }
    const replaced = stored.some(({ version, purpose }) => version > last.version && purpose === "consent");
    const deleted = accounts.deletions.some(
      ({ deleting, settled }) => deleting.connection === connection && settled?.outcome !== "superseded",
    );
    return replaced || deleted ? undefined : "nothing was found out after";
  }
  return "no connection has the grant of";
}
