import type { History, ProcessEvent, ProcessId, TokenRequest } from "../history/history.ts";

type Event<Kind extends ProcessEvent["kind"]> = Extract<ProcessEvent, { readonly kind: Kind }>;

/** A request as its sender wrote it down. */
export interface Sender {
  readonly process: ProcessId;
  readonly sent: Event<"sent">;
  /** The lease under which it was sent; a consent needs none. */
  readonly leased: Event<"leased"> | undefined;
  received: Event<"received"> | undefined;
  unanswered: Event<"unanswered"> | undefined;
  /** The store could not be reached when its answer had come. */
  unreachable: Event<"unreachable"> | undefined;
  /** The tries to save what it brought: new tokens, or that the grant has ended. */
  readonly commits: Commit[];
}

/** One try to change a row. */
export interface Commit {
  readonly process: ProcessId;
  readonly committing: Event<"committing">;
  /** The request whose tokens it saves. */
  readonly request: string | undefined;
  /** `undefined`: the process did not live to hear. */
  settled: Event<"settled"> | undefined;
}

export interface Deletion {
  readonly process: ProcessId;
  readonly deleting: Event<"deleting">;
  settled: Event<"settled"> | undefined;
}

export interface Accounts {
  readonly senders: ReadonlyMap<string, Sender>;
  readonly commits: readonly Commit[];
  readonly deletions: readonly Deletion[];
}

/** Puts together what each process wrote about its own requests and commits. */
export function readAccounts({ processes, requests }: History): Accounts {
  const senders = new Map<string, Sender>();
  const commits: Commit[] = [];
  const deletions: Deletion[] = [];
  const kinds = new Map(requests.map((request) => [request.id, request.kind]));

  for (const { process, events } of processes) {
    const leases = new Map<number, Event<"leased">>();
    /** By flow: the request that was made last, and the one whose answer has come and is not yet saved. */
    const last = new Map<number, string>();
    const pending = new Map<number, Sender>();
    const calls = new Map<number, { settled: Event<"settled"> | undefined }>();
    for (const event of events) {
      switch (event.kind) {
        case "leased":
          leases.set(event.flow, event);
          break;
        case "sent": {
          const lease = leases.get(event.flow);
          const leased = lease?.connection === event.connection ? lease : undefined;
          const came = { received: undefined, unanswered: undefined, unreachable: undefined };
          senders.set(event.request, { process, sent: event, leased, ...came, commits: [] });
          last.set(event.flow, event.request);
          break;
        }
        case "received": {
          const sender = senders.get(event.request);
          if (sender === undefined) break;
          sender.received = event;
          // The answer to a request that was given up for another one is nobody's any more.
          if (last.get(sender.sent.flow) !== event.request || sender.unanswered !== undefined) break;
          pending.set(sender.sent.flow, sender);
          break;
        }
        case "unanswered": {
          const sender = senders.get(event.request);
          if (sender === undefined) break;
          sender.unanswered = event;
          if (pending.get(sender.sent.flow) === sender) pending.delete(sender.sent.flow);
          break;
        }
        case "unreachable": {
          const sender = pending.get(event.flow);
          if (sender !== undefined) sender.unreachable ??= event;
          break;
        }
        case "committing": {
          const sender = pending.get(event.flow);
          const saves = sender !== undefined && savesAnswer(sender, event, kinds.get(sender.sent.request));
          const request = saves && sender.received?.access !== undefined ? sender.sent.request : undefined;
          const commit: Commit = { process, committing: event, request, settled: undefined };
          if (saves) sender.commits.push(commit);
          commits.push(commit);
          calls.set(event.call, commit);
          break;
        }
        case "deleting": {
          const deletion: Deletion = { process, deleting: event, settled: undefined };
          deletions.push(deletion);
          calls.set(event.call, deletion);
          break;
        }
        case "settled": {
          const call = calls.get(event.call);
          if (call === undefined) break;
          call.settled = event;
          if ("committing" in call && event.outcome === "committed") {
            const { flow } = (call as Commit).committing;
            if (pending.get(flow)?.commits.includes(call as Commit)) pending.delete(flow);
          }
          break;
        }
      }
    }
  }
  return { senders, commits, deletions };
}

/**
 * Whether a commit of the same flow saves what a request brought: a consent makes a new grant, a refresh keeps the one, and
 * an answer without tokens can only end it.
 */
function savesAnswer(
  { sent, received }: Sender,
  { from, to, connection }: Event<"committing">,
  kind: TokenRequest["kind"] = "refresh",
): boolean {
  const newGrant = from === undefined || from.grantId !== to.grantId;
  if (kind === "consent") return newGrant;
  if (newGrant || sent.connection !== connection) return false;
  return received?.access !== undefined || to.state === "needs_reauthorization";
}
