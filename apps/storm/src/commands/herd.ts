import { join } from "node:path";
import type { RotationKind } from "../history/history.ts";
import type { StoreKind } from "../store.ts";
import { type Caller, startCaller } from "./callers.ts";
import { onStage } from "./stage.ts";

export interface HerdOptions {
  readonly store: StoreKind;
  readonly rotation: RotationKind;
  readonly processes: number;
  /** In each of them. */
  readonly callers: number;
}

export interface HerdReport extends HerdOptions {
  readonly tokenRequests: number;
  readonly distinctTokens: number;
  readonly reuseDetected: number;
}

const patienceMs = 30_000;

/** Many callers of many processes ask for the one token of a grant whose token has run out. */
export function runHerd(options: HerdOptions, signal: AbortSignal): Promise<HerdReport> {
  const { store, rotation, processes, callers } = options;
  return onStage({ store, rotation, connections: 1, signal }, async ({ judge, setup, folder, connections }) => {
    const [connection = ""] = connections;
    const herd: Caller[] = [];
    try {
      const starting = Array.from({ length: processes }, async (_, index) => {
        const process = `${index + 1}.1`;
        const history = join(folder, `process-${process}.jsonl`);
        herd.push(await startCaller({ process, setup, history, armed: undefined }));
      });
      await Promise.all(starting);
      const tokens = await Promise.all(herd.map((caller) => caller.ask(connection, callers, patienceMs)));
      return {
        ...{ store, rotation, processes, callers },
        tokenRequests: judge.judged,
        distinctTokens: new Set(tokens.flat()).size,
        reuseDetected: judge.reuseDetected,
      };
    } finally {
      for (const caller of herd) caller.close();
    }
  });
}
