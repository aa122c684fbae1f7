import type {
  FaultEpisode,
  FinalState,
  History,
  Kill,
  Pause,
  ProcessEvent,
  RotationKind,
  StoredPayload,
  TokenRequest,
  UserEnd,
} from "../../src/history/history.ts";

const ms = 1_000;

/** How far a process got with a refresh. */
const steps = ["leased", "sent", "received", "committing", "settled", "given"] as const;
type Step = (typeof steps)[number];

export interface RefreshOptions {
  /** The last thing that the process wrote down. Left out: it gave the token to a caller. */
  readonly until?: Step;
  /** The refresh token presented. Left out: the stored one. */
  readonly presents?: string;
  readonly outcome?: TokenRequest["outcome"];
  readonly detail?: string;
  /** When it reached the provider, and left it. Left out: 2 and 10 ms after the start. */
  readonly arrives?: number;
  readonly leaves?: number;
  /** When the answer was read, and what follows. Left out: 1 ms after it left the provider. */
  readonly receives?: number;
  /** How the store answered. Left out: `committed`. */
  readonly settled?: Extract<ProcessEvent, { kind: "settled" }>["outcome"];
  /** What the refresh stores instead of what it received. */
  readonly stores?: Partial<StoredPayload>;
  /** Refresh tokens that the provider would still take after a refusal. */
  readonly alive?: readonly string[];
}

interface Row {
  grantId: string;
  version: number;
  fence: number;
  key: string;
  state: StoredPayload["state"];
}

export interface Story {
  /** Fills a connection: the provider issues `<connection>-r1` and `-a1`, and the process stores them as version 1. */
  consent(process: string, connection: string, at: number): void;
  /** One refresh as a keeper makes it. Times in milliseconds. Returns the id of the request. */
  refresh(process: string, connection: string, at: number, options?: RefreshOptions): string;
  /** What was stored last, whatever a later process stores: to tell of two that work on one row at once. */
  readonly rows: Map<string, Row>;
  /** Writes down an event of a process, at its place among the others. */
  write(process: string, event: ProcessEvent): void;
  request(request: TokenRequest): void;
  kill(kill: Omit<Kill, "at"> & { readonly at: number }): void;
  pause(pause: Omit<Pause, "from" | "to"> & { readonly from: number; readonly to: number }): void;
  fault(fault: Omit<FaultEpisode, "from" | "to"> & { readonly from: number; readonly to: number }): void;
  userEnd(end: Omit<UserEnd, "at"> & { readonly at: number }): void;
  /** How a connection is in the end. Left out: as it should be by what was stored. */
  final(state: FinalState): void;
  history(change?: Partial<History>): History;
}

/** Tells a history step by step; what is not said goes well. Lease 3 s, recovery wait 6 s, tokens of 3 s. */
export function tell(rotation: RotationKind = "strict"): Story {
  const requests: TokenRequest[] = [];
  const events = new Map<string, { readonly event: ProcessEvent; readonly order: number }[]>();
  const rows = new Map<string, Row>();
  const kills: Kill[] = [];
  const pauses: Pause[] = [];
  const faults: FaultEpisode[] = [];
  const userEnds: UserEnd[] = [];
  const final: FinalState[] = [];
  const issued = new Map<string, number>();
  let count = 0;

  const write: Story["write"] = (process, event) => {
    const written = events.get(process) ?? [];
    events.set(process, written);
    written.push({ event, order: count++ });
  };
  const tokens = (connection: string, presented: string | undefined) => {
    const number = (issued.get(connection) ?? 0) + 1;
    issued.set(connection, number);
    const keeps = presented !== undefined && rotation === "none";
    return { access: `${connection}-a${number}`, refresh: keeps ? presented : `${connection}-r${number}` };
  };

  function consent(process: string, connection: string, at: number): void {
    const id = `${process}-consent-${count++}`;
    const flow = count++;
    const call = count++;
    const given = tokens(connection, undefined);
    const before = rows.get(connection);
    const row: Row = {
      grantId: `${connection}-g${(before?.version ?? 0) + 1}`,
      version: (before?.version ?? 0) + 1,
      fence: before?.fence ?? 0,
      key: `k:${given.refresh}`,
      state: "active",
    };
    const seed = { id, process, kind: "consent", presented: undefined, detail: "", alive: undefined } as const;
    requests.push({ ...seed, startedAt: at * ms, endedAt: at * ms, outcome: "issued", ...given });
    const aside = { flow, request: id, connection: undefined, presented: undefined };
    write(process, { kind: "sent", at: at * ms, ...aside });
    write(process, { kind: "received", at: at * ms, request: id, status: 200, ...given });
    const { fence, ...to } = row;
    const from = before && { grantId: before.grantId, version: before.version, fence: before.fence };
    write(process, { kind: "committing", at: at * ms, call, flow, connection, from, to });
    write(process, { kind: "settled", at: (at + 1) * ms, call, outcome: "committed" });
    rows.set(connection, row);
  }

  function refresh(process: string, connection: string, at: number, options: RefreshOptions = {}): string {
    const row = rows.get(connection);
    if (row === undefined) throw new Error(`There is no ${connection}.`);
    const { until = "given", outcome = "issued", presents = row.key.slice(2) } = options;
    const { arrives = at + 2, leaves = arrives + 8, receives = leaves + 1 } = options;
    const { stores = {}, settled = "committed" } = options;
    const reached = (step: Step): boolean => steps.indexOf(step) <= steps.indexOf(until);
    const id = `${process}-${count++}`;
    const flow = count++;
    const call = count++;
    const { grantId, version } = row;
    const fence = row.fence + 1;
    row.fence = fence;
    write(process, { kind: "seen", at: at * ms, since: (at - 1) * ms, connection, grantId, version });
    const lease = { since: at * ms, flow, connection, version, fence, intent: row.key };
    write(process, { kind: "leased", at: (at + 1) * ms, ...lease });
    if (!reached("sent")) return id;
    write(process, { kind: "sent", at: (at + 1) * ms, flow, request: id, connection, presented: presents });
    const brought = outcome === "issued" ? tokens(connection, presents) : { access: undefined, refresh: undefined };
    requests.push({
      ...{ id, process, kind: "refresh", presented: presents, startedAt: arrives * ms, endedAt: leaves * ms },
      ...{
        outcome,
        detail: options.detail ?? "",
        ...brought,
        alive: outcome === "refused" ? (options.alive ?? []) : undefined,
      },
    });
    if (!reached("received")) return id;
    const status = outcome === "issued" ? 200 : outcome === "refused" ? 400 : 503;
    write(process, { kind: "received", at: receives * ms, request: id, status, ...brought });
    if (!reached("committing") || outcome === "withheld" || outcome === "other") return id;
    const to: StoredPayload = {
      ...{ grantId, version: version + 1 },
      state: outcome === "refused" ? "needs_reauthorization" : "active",
      key: brought.refresh === undefined ? row.key : `k:${brought.refresh}`,
      ...stores,
    };
    const from = { grantId, version, fence };
    write(process, { kind: "committing", at: (receives + 1) * ms, call, flow, connection, from, to });
    if (settled === "committed") rows.set(connection, { ...row, ...to, key: to.key ?? row.key });
    if (!reached("settled")) return id;
    write(process, { kind: "settled", at: (receives + 4) * ms, call, outcome: settled });
    if (!reached("given")) return id;
    if (brought.access !== undefined) {
      write(process, { kind: "given", at: (receives + 5) * ms, connection, access: brought.access });
    }
    return id;
  }

  const scaled = <Span extends { readonly from: number; readonly to: number }>(span: Span): Span => ({
    ...span,
    from: span.from * ms,
    to: span.to * ms,
  });
  return {
    ...{ consent, refresh, rows, write },
    request: (request) => requests.push(request),
    kill: (kill) => kills.push({ ...kill, at: kill.at * ms }),
    pause: (pause) => pauses.push(scaled(pause)),
    fault: (fault) => faults.push(scaled(fault)),
    userEnd: (end) => userEnds.push({ ...end, at: end.at * ms }),
    final: (state) => final.push(state),
    history: (change) => ({
      settings: {
        rotation,
        startedAt: 0,
        lease: 3_000 * ms,
        recoveryWait: 6_000 * ms,
        cacheFor: 1_000 * ms,
        accessTokenLife: 3_000 * ms,
      },
      requests: requests.toSorted((a, b) => a.startedAt - b.startedAt),
      processes: [...events].map(([process, written]) => ({
        process,
        events: written.toSorted((a, b) => a.event.at - b.event.at || a.order - b.order).map(({ event }) => event),
      })),
      ...{ userEnds, kills, pauses, faults },
      final: [...rows].map(
        ([connection, { state }]) =>
          final.find((told) => told.connection === connection) ?? {
            ...{ connection, reason: undefined },
            outcome: state === "active" ? "refreshed" : "ended",
          },
      ),
      reuseDetected: 0,
      ...change,
    }),
  };
}
