import { GrantkeeperError } from "@grantkeeper/core";
import type { Open, Target } from "./messages.ts";
import { type SecondProcess, startSecondProcess } from "./start-second-process.ts";

/** All second processes of a sample, so that none outlives it. */
export interface SecondProcesses {
  /** Starts one that is to ask for this token. */
  readonly start: (target: Target) => SecondProcess;
  /** The ids of those that run. */
  readonly pids: () => readonly number[];
  /** Ends all of them, and starts no more. */
  readonly close: () => Promise<void>;
}

export interface SecondProcessesOptions extends Omit<Open, "kind" | "target" | "clockAheadMs"> {
  /** Unix milliseconds. */
  readonly now: () => number;
}

export function createSecondProcesses({ now, ...shared }: SecondProcessesOptions): SecondProcesses {
  const running = new Set<SecondProcess>();
  let closed = false;

  return {
    start(target) {
      if (closed) throw new GrantkeeperError("closed", "The sample is stopping.");
      const second = startSecondProcess({ kind: "open", target, clockAheadMs: now() - Date.now(), ...shared });
      running.add(second);
      void second.ended.then(() => running.delete(second));
      return second;
    },
    pids: () => [...running].flatMap(({ pid }) => pid ?? []),
    async close() {
      closed = true;
      await Promise.all([...running].map(({ end }) => end()));
    },
  };
}
