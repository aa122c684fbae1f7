import { millisecond } from "../clock.ts";
import type { Time, TokenRequest } from "../history/history.ts";
import type { Facts, Violation } from "./facts.ts";

/**
 * I1: the provider never detects reuse, and a strict provider never gets a refresh token twice, but to recover an open
 * intent: each earlier request with it must have come to nothing by a cause that was written down. What a held-up sender
 * sends when another has taken over is the window, too.
 */
export function checkReuse({ history, accounts, chains, fates }: Facts): readonly Violation[] {
  const violations: Violation[] = [];
  const { rotation, recoveryWait } = history.settings;
  const report = (request: TokenRequest, text: string): void => {
    const connection = accounts.senders.get(request.id)?.sent.connection;
    violations.push({ invariant: "I1", connection, request: request.id, text: `${request.id} ${text}` });
  };

  /** Whether at that time its answer was not stored, by a cause that was written down. It may have been later on. */
  function hadComeToNothing(request: TokenRequest, at: Time): boolean {
    const fate = fates.of(request);
    if (fate.kind === "withheld" || fate.kind === "kept away") return true;
    const open = fate.kind === "refused" || (fate.kind === "committed" && fate.stored.committingAt > at);
    return open && fates.incidentOf(request) !== undefined;
  }

  function checkStrict(request: TokenRequest, earlier: readonly TokenRequest[]): void {
    if (fates.isLate(request)) return;
    const standing = earlier.find((other) => !hadComeToNothing(other, request.startedAt));
    if (standing !== undefined) {
      report(request, `presented a refresh token again after ${standing.id}, which was ${fates.of(standing).kind}`);
      return;
    }
    // Whoever asked for patience before it looked at the token has not used it.
    const judged = earlier.filter(({ outcome, detail }) => !(outcome === "withheld" && detail === "429"));
    const latest = Math.max(...judged.map(({ id }) => accounts.senders.get(id)?.leased?.since ?? 0));
    if (judged.length > 0 && request.startedAt < latest + recoveryWait - clockMargin) {
      report(request, "presented a refresh token again before the time that an open intent is left alone was over");
    }
  }

  for (const { requests } of chains.all) {
    for (const request of requests) {
      if (request.kind !== "refresh") continue;
      const presentations = chains.presentations(request.presented);
      const earlier = presentations.slice(0, presentations.indexOf(request));
      if (rotation === "strict" && earlier.length > 0) checkStrict(request, earlier);
      if (rotation !== "strict" && chains.isReuse(request) && !fates.isLate(request)) {
        report(request, "presented a refresh token that the provider took for a spent one");
      }
    }
  }
  const found = history.requests.filter(chains.isReuse).length;
  if (history.reuseDetected > found) {
    const text = `The provider counts ${history.reuseDetected} reuses, and the history shows ${found}.`;
    violations.push({ invariant: "I1", connection: undefined, text });
  }
  return violations;
}

/** I4: of one grant's refreshes no two are at the provider at once, unless something happened to one of them. */
export function checkOverlaps({ accounts, chains, fates }: Facts): readonly Violation[] {
  const violations: Violation[] = [];
  const isExcused = (request: TokenRequest): boolean =>
    fates.incidentOf(request) !== undefined || fates.isLate(request);
  for (const { requests } of chains.all) {
    const refreshes = requests.filter(({ kind }) => kind === "refresh");
    for (const [index, request] of refreshes.entries()) {
      const overlapped = refreshes.slice(0, index).filter(({ endedAt }) => endedAt > request.startedAt);
      const other = overlapped.find((earlier) => !isExcused(earlier));
      if (other === undefined || isExcused(request)) continue;
      const connection = accounts.senders.get(request.id)?.sent.connection;
      const text = `${request.id} reached the provider while ${other.id} was there`;
      violations.push({ invariant: "I4", connection, request: request.id, text });
    }
  }
  return violations;
}

/** Wall clocks, by which keepers and stores go, are nudged now and then against the one that all goes by here. */
const clockMargin = 20 * millisecond;

/** The share of a token's life after which the earliest soft margin begins: a fifth, and 20 % more, before its end. */
const shareBeforeDue = 1 - 0.2 * 1.2;

/**
 * I7: token requests ≤ refreshes needed × (1 + retry budget). Needed are the stored refreshes of access tokens that had
 * reached their soft margin, and one refusal for each dead refresh token. The budget is one more request for each one that
 * came to nothing by a cause that was written down. So each single request must be one of these.
 */
export function checkNeed({ history, accounts, versions, chains, fates }: Facts): readonly Violation[] {
  const violations: Violation[] = [];
  const due = history.settings.accessTokenLife * shareBeforeDue - clockMargin;
  const report = (request: TokenRequest, text: string): void => {
    const connection = accounts.senders.get(request.id)?.sent.connection;
    violations.push({ invariant: "I7", connection, request: request.id, text: `${request.id} ${text}` });
  };

  for (const stored of [...versions.byConnection.values()].flat()) {
    const { request, connection } = stored;
    if (request?.kind !== "refresh") continue;
    const before = versions.byConnection.get(connection)?.findLast(({ version }) => version < stored.version);
    const source = before?.token === undefined ? undefined : issuing(before.access);
    // A token from a journal, or one that arrived late, may have been stored as run out.
    const doubtful = source === undefined || source.kind === "consent" || fates.incidentOf(source) !== undefined;
    const receivedAt = source === undefined ? undefined : accounts.senders.get(source.id)?.received?.at;
    if (doubtful || receivedAt === undefined) continue;
    const sentAt = accounts.senders.get(request.id)?.sent.at ?? request.startedAt;
    if (sentAt > receivedAt && sentAt < receivedAt + due) {
      report(request, `refreshed a token that was ${((sentAt - receivedAt) / 1_000).toFixed(0)} ms old`);
    }
  }

  function issuing(access: string | undefined): TokenRequest | undefined {
    return access === undefined ? undefined : chains.issuerOf(access);
  }

  for (const request of history.requests) {
    if (request.kind !== "refresh") continue;
    const { kind } = fates.of(request);
    if (request.outcome === "other") report(request, `was answered with ${request.detail}`);
    if (kind === "unexplained") report(request, "brought tokens that were never stored, and nothing explains why");
    if (kind !== "refused" || fates.incidentOf(request) !== undefined || fates.isLate(request)) continue;
    // What had been sent before the refusal came is not asked again, whenever it arrived.
    const sentAt = (other: TokenRequest): Time => accounts.senders.get(other.id)?.sent.at ?? other.startedAt;
    const again = chains.presentations(request.presented).find((other) => sentAt(other) > request.endedAt);
    if (again !== undefined && !fates.isLate(again)) report(again, `asked again for what ${request.id} was refused`);
  }
  return violations;
}
