import { second } from "../clock.ts";
import {
  type History,
  type Kill,
  type ProcessId,
  spendingPoints,
  type Time,
  type TokenRequest,
} from "../history/history.ts";
import type { Accounts, Sender } from "./senders.ts";
import type { StoredVersion, Versions } from "./versions.ts";

/** What became of a request's answer. */
export type Fate =
  | { readonly kind: "committed"; readonly stored: StoredVersion }
  /** The provider refused it, or a fault answered in its place. */
  | { readonly kind: "refused" | "withheld" }
  /** New tokens were issued and never stored, by a cause that was written down. */
  | { readonly kind: "kept away"; readonly cause: string }
  /** New tokens were issued, and a consent, a disconnect or a newer answer made them worthless before they could be stored. */
  | { readonly kind: "replaced" }
  /** New tokens were issued and never stored, and nobody knows why. */
  | { readonly kind: "unexplained" };

export interface Fates {
  of(request: TokenRequest): Fate;
  /** What was written down that happened to a request or to its sender, from the lease to the commit. */
  incidentOf(request: TokenRequest): string | undefined;
  /** Whether it reached the provider when its lease had run out, its sender or the way there having been held up. */
  isLate(request: TokenRequest): boolean;
  /** A kill of this process, if there was one. */
  killOf(process: ProcessId): Kill | undefined;
}

/** For how long after a failed commit its answer may not be in the journal yet. */
const journalMargin = second;

export function readFates(history: History, { senders, deletions }: Accounts, versions: Versions): Fates {
  const { settings, kills, pauses, faults } = history;
  const killed = new Map(kills.map((kill) => [kill.process, kill]));
  const storedBy = new Map<string, StoredVersion>();
  for (const stored of [...versions.byConnection.values()].flat()) {
    if (stored.request !== undefined) storedBy.set(stored.request.id, stored);
  }
  const lastEvents = new Map(history.processes.map(({ process, events }) => [process, events.at(-1)?.at ?? 0]));
  const incidents = new Map<string, string | undefined>();

  /** From asking for the lease until the answer was stored, given up, or its sender's end. */
  function span(request: TokenRequest, sender: Sender): { readonly from: Time; readonly to: Time } {
    const from = sender.leased?.since ?? sender.sent.at;
    const acknowledgedAt = storedBy.get(request.id)?.acknowledgedAt;
    if (acknowledgedAt !== undefined) return { from, to: acknowledgedAt };
    const ends = [sender.unanswered?.at, sender.commits.at(-1)?.settled?.at, killed.get(sender.process)?.at];
    return { from, to: Math.max(...ends.filter((end) => end !== undefined), lastEvents.get(sender.process) ?? from) };
  }

  function pausedIn(process: ProcessId, from: Time, to: Time, kind: "stopped" | "stalled"): boolean {
    return pauses.some(
      (pause) => pause.process === process && pause.kind === kind && pause.from < to && from < pause.to,
    );
  }

  function faultIn(between: "provider" | "store", from: Time, to: Time): string | undefined {
    return faults.find((episode) => episode.between === between && episode.from < to && from < episode.to)?.fault;
  }

  function findIncident(request: TokenRequest): string | undefined {
    const sender = senders.get(request.id);
    if (sender === undefined) return undefined;
    const { process, sent, unanswered, commits } = sender;
    const { from, to } = span(request, sender);
    const kill = killed.get(process);
    const itsOwn = kill?.request === request.id;
    if (kill !== undefined && itsOwn && spendingPoints.some((point) => point === kill.point)) {
      return `killed-${kill.point}`;
    }
    // Once the store has failed, the answer is in the journal, where others find it: what happens then explains nothing.
    const failedAt = commits.find(({ settled }) => settled?.outcome === "failed")?.settled?.at;
    const brought = request.outcome === "issued";
    // A refusal is stored after a second look at the row only, and is not journalled.
    if (!brought && (sender.unreachable ?? failedAt) !== undefined) return "store-unreachable";
    const alone = failedAt === undefined || !brought ? Number.POSITIVE_INFINITY : failedAt + journalMargin;
    if (pausedIn(process, from, Math.min(to, alone, unanswered?.at ?? to), "stopped")) return "stopped";
    if (unanswered !== undefined) {
      const fault = faultIn("provider", sent.at, unanswered.at);
      if (fault !== undefined) return causeOfFault(fault, unanswered.why);
      // A call that ran into its own limit is the client's doing and not the machine's: it is in the window all the same.
      if (unanswered.why === "timed-out") return "timed-out";
    }
    // At the other points its answer was not there yet, or had been dealt with: a kill there explains nothing.
    const unfinished = storedBy.get(request.id)?.acknowledgedAt === undefined;
    const elsewhere = kill !== undefined && (!itsOwn || kill.point === "random");
    if (elsewhere && unfinished && kill.at >= sent.at && kill.at < alone) return "killed-at-random";
    // Others had the right to take over before the store had said that it failed.
    const patience = settings.rotation === "strict" ? settings.recoveryWait : settings.lease;
    if (failedAt !== undefined && alone > from + patience) return "store-unreachable";
    const overdue = to > (sender.leased?.at ?? from) + settings.lease;
    return overdue && pausedIn(process, from, Math.min(to, alone), "stalled") ? "stalled" : undefined;
  }

  function incidentOf(request: TokenRequest): string | undefined {
    if (!incidents.has(request.id)) incidents.set(request.id, findIncident(request));
    return incidents.get(request.id);
  }

  /** A consent or a deletion that a try to commit ran into. */
  function wasReplaced(request: TokenRequest): boolean {
    const sender = senders.get(request.id);
    const commit = sender?.commits[0];
    const { from, connection } = commit?.committing ?? {};
    if (sender === undefined || from === undefined || connection === undefined) return false;
    const since = sender.leased?.since ?? sender.sent.at;
    const consented = (versions.byConnection.get(connection) ?? []).some(
      ({ purpose, version, acknowledgedAt = since }) =>
        purpose === "consent" && version > from.version && acknowledgedAt >= since,
    );
    const deleted = deletions.some(
      ({ deleting, settled }) =>
        deleting.connection === connection && settled?.outcome !== "superseded" && (settled?.at ?? since) >= since,
    );
    return consented || deleted;
  }

  /**
   * Where the refresh token stays, an answer to who had the lease later counts for more than one that the store would not
   * take, whichever of their requests came to the provider first.
   */
  function wasOutdated(request: TokenRequest): boolean {
    const fenceOf = ({ id }: TokenRequest): number | undefined => senders.get(id)?.leased?.fence;
    const fence = fenceOf(request);
    const failed = senders.get(request.id)?.commits.some(({ settled }) => settled?.outcome !== "committed");
    if (request.refresh !== request.presented || fence === undefined || failed !== true) return false;
    return [...storedBy.values()].some(
      ({ request: other }) =>
        other !== undefined && other.presented === request.presented && (fenceOf(other) ?? 0) > fence,
    );
  }

  return {
    killOf: (process) => killed.get(process),
    incidentOf,
    of(request) {
      if (request.outcome === "refused") return { kind: "refused" };
      if (request.outcome !== "issued") return { kind: "withheld" };
      const stored = storedBy.get(request.id);
      if (stored !== undefined) return { kind: "committed", stored };
      const cause = incidentOf(request);
      if (cause !== undefined) return { kind: "kept away", cause };
      return { kind: wasReplaced(request) || wasOutdated(request) ? "replaced" : "unexplained" };
    },
    isLate(request) {
      const sender = senders.get(request.id);
      if (sender?.leased === undefined) return false;
      const { process, leased, sent } = sender;
      if (request.startedAt <= leased.at + settings.lease) return false;
      const heldUp = pausedIn(process, leased.since, request.startedAt, "stopped");
      const stalled = pausedIn(process, leased.since, request.startedAt, "stalled");
      return heldUp || stalled || faultIn("provider", sent.at, request.startedAt) !== undefined;
    },
  };
}

function causeOfFault(fault: string, why: "timed-out" | "broken"): string {
  if (fault === "loseResponse") return "response-dropped";
  if (fault === "cut") return "response-cut";
  return why === "timed-out" ? "timed-out" : `connection-${fault}`;
}
