import type { History, ProcessEvent, ProcessId, Time, TokenRequest } from "../history/history.ts";
import { readChains } from "./chains.ts";

/** Which part of a history is asked for. */
export interface Subject {
  readonly connection: string | undefined;
  /** A request of the grant that is meant, where no connection is known. */
  readonly request?: string | undefined;
}

const mostLines = 80;

/** What happened to one connection, line by line, the last of it. */
export function timeline(history: History, { connection, request }: Subject): readonly string[] {
  const own = history.processes.flatMap(({ process, events }) => {
    const mentioned = new Set<number>();
    const requests = new Set<string>();
    return events.flatMap((event) => {
      if (!belongs(event, { connection, request }, mentioned, requests)) return [];
      return [{ at: event.at, process, text: tellEvent(event) }];
    });
  });
  const sent = new Set(
    history.processes.flatMap(({ events }) =>
      events.flatMap((event) =>
        event.kind === "sent" && (event.connection === connection || event.request === request) ? [event.request] : [],
      ),
    ),
  );
  const chains = readChains(history);
  const grants = new Set(
    history.requests
      .filter(
        ({ id, refresh, access }) => sent.has(id) || own.some(({ text }) => text.includes(refresh ?? access ?? "?")),
      )
      .map(({ presented, refresh }) => chains.of(presented ?? refresh))
      .filter((chain) => chain !== undefined),
  );
  const judged = [...grants].flatMap((chain) => chain.requests);
  // Whoever has only read it, or given it out, has nothing to do with it.
  const working = own.filter(({ text }) => /^(?:leased|sent|committing|deleting) /.test(text));
  const processes = new Set<ProcessId>([...working, ...judged].map(({ process }) => process));
  const lines = [
    ...own,
    ...judged.flatMap(tellRequest),
    ...[...grants].flatMap((chain) =>
      chain.userEnd === undefined
        ? []
        : [{ at: chain.userEnd.at, process: "", text: `ended by the ${chain.userEnd.by}` }],
    ),
    ...history.kills
      .filter(({ process }) => processes.has(process))
      .map((kill) => ({ ...kill, text: `killed ${kill.point}` })),
    ...history.pauses
      .filter(({ process }) => processes.has(process))
      .map(({ process, kind, from, to }) => ({ at: from, process, text: `${kind} for ${seconds(to - from)}` })),
  ];
  const sorted = lines.sort((a, b) => a.at - b.at);
  const cut = sorted.length > mostLines ? [`(${sorted.length - mostLines} lines before)`] : [];
  return [
    ...cut,
    ...sorted
      .slice(-mostLines)
      .map(
        ({ at, process, text }) =>
          `${seconds(at - history.settings.startedAt).padStart(10)} ${process.padEnd(6)} ${text}`,
      ),
  ];
}

/** Remembers on the way which calls and requests are about the connection. */
function belongs(
  event: ProcessEvent,
  { connection, request }: Subject,
  calls: Set<number>,
  requests: Set<string>,
): boolean {
  if (event.kind === "settled") return calls.has(event.call);
  if (event.kind === "received" || event.kind === "unanswered") return requests.has(event.request);
  const named = "connection" in event && event.connection !== undefined && event.connection === connection;
  const asked = event.kind === "sent" && event.request === request;
  if (!named && !asked) return false;
  if (event.kind === "committing" || event.kind === "deleting") calls.add(event.call);
  if (event.kind === "sent") requests.add(event.request);
  return true;
}

function tellEvent({ kind, at: _, ...fields }: ProcessEvent): string {
  return `${kind} ${Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(" ")}`;
}

function tellRequest(
  request: TokenRequest,
): readonly { readonly at: Time; readonly process: string; readonly text: string }[] {
  const { id, process, startedAt, endedAt, presented, outcome, detail, access, refresh, alive } = request;
  const brought = outcome === "issued" ? ` access=${access} refresh=${refresh}` : ` ${detail}`;
  const left = alive === undefined ? "" : ` alive=[${alive.join(" ")}]`;
  return [
    { at: startedAt, process, text: `→ provider: ${id} presents ${presented ?? "a consent"}` },
    { at: endedAt, process, text: `← provider: ${id} ${outcome}${brought}${left}` },
  ];
}

function seconds(time: Time): string {
  return `${(time / 1_000_000).toFixed(3)} s`;
}
