import type { Death } from "../fleet/fleet.ts";
import type { History, Kill, ProcessEvent, ProcessHistory, TokenRequest } from "./history.ts";

/** Where each process that was killed has been then, as it, or who killed it, has written down. */
export function killsOf(
  deaths: readonly Death[],
  processes: readonly ProcessHistory[],
): { readonly kills: readonly Kill[]; readonly unexplained: readonly string[] } {
  const histories = new Map(processes.map((history) => [history.process, history]));
  const kills: Kill[] = [];
  const unexplained: string[] = [];
  for (const { process, at, point, request } of deaths) {
    const { events = [] } = histories.get(process) ?? {};
    const reached = events.findLast((event) => event.kind === "reached" && event.action === "kill");
    if (point !== undefined) {
      const sent = events.find((event) => event.kind === "sent" && event.request === request);
      const connection = sent?.kind === "sent" ? sent.connection : undefined;
      kills.push({ process, at, point, connection, request });
    } else if (reached?.kind === "reached") {
      const { point: own, connection, request: last } = reached;
      kills.push({ process, at: reached.at, point: own, connection, request: last });
    } else unexplained.push(`${process} was killed by somebody else.`);
  }
  return { kills, unexplained };
}

/** Pauses that processes have noticed themselves. */
export function stallsOf(processes: readonly ProcessHistory[]): History["pauses"] {
  return processes.flatMap(({ process, events }) =>
    events
      .filter((event): event is Extract<ProcessEvent, { kind: "stalled" }> => event.kind === "stalled")
      .map(({ from, at }) => ({ process, kind: "stalled" as const, from, to: at })),
  );
}

/** By time of arrival. */
export function inOrder(requests: readonly TokenRequest[]): readonly TokenRequest[] {
  return requests.toSorted((a, b) => a.startedAt - b.startedAt);
}
