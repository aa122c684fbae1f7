import type { History, Time, TokenHash, TokenRequest } from "../history/history.ts";
import type { Chains } from "./chains.ts";
import type { Accounts, Commit } from "./senders.ts";

/** A version of a row that was really stored. */
export interface StoredVersion {
  readonly connection: string;
  readonly version: number;
  readonly grantId: string;
  readonly state: "active" | "needs_reauthorization";
  readonly commit: Commit;
  readonly committingAt: Time;
  /** `undefined`: its writer did not live to hear, or was told of a failure; but the row was read later. */
  readonly acknowledgedAt: Time | undefined;
  /** `other` leaves the tokens as they are; where the refresh token never changes, it may be from a journal, too. */
  readonly purpose: "refresh" | "consent" | "other";
  /** Whose answer it holds. */
  readonly request: TokenRequest | undefined;
  readonly key: string | undefined;
  /** The refresh and the access token in it. */
  readonly token: TokenHash | undefined;
  readonly access: TokenHash | undefined;
}

export interface Versions {
  /** By connection, in ascending order. */
  readonly byConnection: ReadonlyMap<string, readonly StoredVersion[]>;
  /** What cannot be if rows are written one version after another: by connection. */
  readonly contradictions: readonly { readonly connection: string; readonly text: string }[];
}

/** Finds out which of all tries to commit made it into the store, and which tokens each version holds. */
export function readVersions(history: History, accounts: Accounts, chains: Chains): Versions {
  const requests = new Map(history.requests.map((request) => [request.id, request]));
  const traces = tracesOf(history);
  const contradictions: { connection: string; text: string }[] = [];
  const tokens = keyedTokens(accounts, requests, (text, connection) => contradictions.push({ connection, text }));
  const byConnection = new Map<string, readonly StoredVersion[]>();

  for (const [connection, tries] of groupedCommits(accounts)) {
    const seen = traces.get(connection) ?? new Map<number, Trace>();
    const numbers = [...new Set([...tries.keys(), ...seen.keys()])].sort((a, b) => a - b);
    const stored: StoredVersion[] = [];
    for (const version of numbers) {
      const candidates = tries.get(version) ?? [];
      const acknowledged = candidates.filter(({ settled }) => settled?.outcome === "committed");
      if (acknowledged.length > 1) {
        contradictions.push({ connection, text: `version ${version} was acknowledged ${acknowledged.length} times` });
      }
      const trace = seen.get(version);
      const commit =
        acknowledged[0] ?? (trace === undefined ? undefined : likeliest(candidates, trace, seen.get(version - 1)));
      if (commit === undefined) {
        if (trace !== undefined)
          contradictions.push({ connection, text: `nobody wrote version ${version}, which was read` });
        continue;
      }
      const previous = stored.at(-1);
      if (version !== (previous?.version ?? 0) + 1) {
        contradictions.push({ connection, text: `version ${version} follows ${previous?.version ?? "nothing"}` });
      }
      stored.push(toStored(commit, previous));
    }
    byConnection.set(connection, stored);
  }

  function toStored(commit: Commit, previous: StoredVersion | undefined): StoredVersion {
    const { connection, to, at } = commit.committing;
    const received = commit.request === undefined ? undefined : requests.get(commit.request);
    const unchanged = previous !== undefined && previous.key === to.key;
    const token = received?.refresh ?? (unchanged ? previous.token : to.key && tokens.get(to.key));
    // From a journal: what another process had received for the token that was stored before.
    const journalled = chains.presentations(previous?.token).find(({ refresh }) => refresh === token);
    const request = received ?? (unchanged ? undefined : journalled);
    return {
      ...{ connection, version: to.version, grantId: to.grantId, state: to.state, commit, committingAt: at },
      acknowledgedAt: commit.settled?.outcome === "committed" ? commit.settled.at : undefined,
      purpose: request === undefined ? "other" : request.kind,
      ...{ request, key: to.key, token },
      access: request === undefined ? previous?.access : request.access,
    };
  }

  return { byConnection, contradictions };
}

/** What readers saw of a version. */
interface Trace {
  readonly grantIds: Set<string>;
  /** The highest fence at which it was leased. */
  fence: number;
}

function tracesOf({ processes }: History): ReadonlyMap<string, Map<number, Trace>> {
  const traces = new Map<string, Map<number, Trace>>();
  const at = (connection: string, version: number): Trace => {
    const versions = traces.get(connection) ?? new Map<number, Trace>();
    traces.set(connection, versions);
    const trace = versions.get(version) ?? { grantIds: new Set(), fence: 0 };
    versions.set(version, trace);
    return trace;
  };
  for (const { events } of processes) {
    for (const event of events) {
      if (event.kind === "seen") at(event.connection, event.version).grantIds.add(event.grantId);
      if (event.kind === "committing" && event.from !== undefined) {
        at(event.connection, event.from.version).grantIds.add(event.from.grantId);
      }
      if (event.kind === "leased") {
        const trace = at(event.connection, event.version);
        trace.fence = Math.max(trace.fence, event.fence);
      }
    }
  }
  return traces;
}

function groupedCommits({ commits }: Accounts): ReadonlyMap<string, Map<number, Commit[]>> {
  const grouped = new Map<string, Map<number, Commit[]>>();
  for (const commit of commits) {
    const { connection, to } = commit.committing;
    const versions = grouped.get(connection) ?? new Map<number, Commit[]>();
    grouped.set(connection, versions);
    versions.set(to.version, [...(versions.get(to.version) ?? []), commit]);
  }
  return grouped;
}

/**
 * Of tries whose outcome nobody heard, the one that can have succeeded: whoever leased the row after another had read it
 * has made that one's commit impossible.
 */
function likeliest(candidates: readonly Commit[], { grantIds }: Trace, before: Trace | undefined): Commit | undefined {
  const fenceOf = ({ committing }: Commit): number => committing.from?.fence ?? 0;
  const possible = candidates.filter(
    (commit) =>
      (commit.settled === undefined || commit.settled.outcome === "failed") &&
      (grantIds.size === 0 || grantIds.has(commit.committing.to.grantId)) &&
      fenceOf(commit) >= (before?.fence ?? 0),
  );
  return possible.sort((a, b) => fenceOf(b) - fenceOf(a))[0];
}

/** Which refresh token a keyed hash stands for. */
function keyedTokens(
  { senders, commits }: Accounts,
  requests: ReadonlyMap<string, TokenRequest>,
  contradict: (text: string, connection: string) => void,
): ReadonlyMap<string, TokenHash> {
  const tokens = new Map<string, TokenHash>();
  const learn = (key: string | undefined, token: TokenHash | undefined, connection: string): void => {
    if (key === undefined || token === undefined) return;
    const known = tokens.get(key);
    if (known === undefined) tokens.set(key, token);
    else if (known !== token) contradict(`the keyed hash ${key} stands for two refresh tokens`, connection);
  };
  for (const { committing, request } of commits) {
    if (request !== undefined) learn(committing.to.key, requests.get(request)?.refresh, committing.connection);
  }
  for (const { leased, sent } of senders.values()) {
    if (leased !== undefined) learn(leased.intent, sent.presented, leased.connection);
  }
  return tokens;
}
