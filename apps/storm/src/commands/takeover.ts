import { join } from "node:path";
import { millisecond } from "../clock.ts";
import type { ProcessEvent, RotationKind } from "../history/history.ts";
import { readWritten } from "../history/writer.ts";
import type { StoreKind } from "../store.ts";
import { shortTimes } from "../times.ts";
import { type Caller, startCaller } from "./callers.ts";
import { onStage } from "./stage.ts";

export interface TakeoverOptions {
  readonly store: StoreKind;
  readonly rotation: RotationKind;
}

export interface TakeoverReport extends TakeoverOptions {
  readonly leaseMs: number;
  readonly recoveryWaitMs: number;
  /** From the end of the one process until the other one held the lease. */
  readonly takeoverMs: number;
  readonly boundMs: number;
  /** Whether the other one got its token then, by one request. */
  readonly refreshed: boolean;
}

const patienceMs = 60_000;

/** Kills a process that holds a connection, right before it sends, and measures when another one has it. */
export function runTakeover({ store, rotation }: TakeoverOptions, signal: AbortSignal): Promise<TakeoverReport> {
  return onStage({ store, rotation, connections: 1, signal }, async ({ judge, setup, folder, connections }) => {
    const [connection = ""] = connections;
    const historyOf = (process: string): string => join(folder, `process-${process}.jsonl`);
    const callers: Caller[] = [];
    const start = async (process: string, armed: Parameters<typeof startCaller>[0]["armed"]): Promise<Caller> => {
      const caller = await startCaller({ process, setup, history: historyOf(process), armed });
      callers.push(caller);
      return caller;
    };
    try {
      const first = await start("1.1", { point: "before-send", action: "kill" });
      const second = await start("2.1", undefined);
      await first.ask(connection, 1, 0).catch(() => undefined);
      await first.exited;
      const tokens = await second.ask(connection, 1, patienceMs);
      const killedAt = findEvent(historyOf("1.1"), "reached").at;
      const leasedAt = findEvent(historyOf("2.1"), "leased").at;
      const leaseMs = shortTimes.lease * 1_000;
      const recoveryWaitMs = shortTimes.recoveryWait * 1_000;
      return {
        ...{ store, rotation, leaseMs, recoveryWaitMs },
        takeoverMs: Math.round((leasedAt - killedAt) / millisecond),
        boundMs: leaseMs + 1_000 + (rotation === "strict" ? recoveryWaitMs : 0),
        refreshed: tokens.length === 1 && judge.judged === 1,
      };
    } finally {
      for (const caller of callers) caller.close();
    }
  });
}

function findEvent(file: string, kind: ProcessEvent["kind"]): ProcessEvent {
  const event = readWritten("", file).events.find((found) => found.kind === kind);
  if (event === undefined) throw new Error(`No process wrote down that it ${kind}.`);
  return event;
}
