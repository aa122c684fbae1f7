import { setTimeout as delay } from "node:timers/promises";
import { Interrupted, orAborted } from "../interruption.ts";
import type { Fleet } from "./fleet.ts";
import type { KeyPlan } from "./key-plan.ts";

export interface RotationOptions {
  readonly fleet: Fleet;
  readonly plan: KeyPlan;
  /** For how long processes differ in which key they put first. */
  readonly mixedMs: number;
  readonly signal: AbortSignal;
}

/** Carries out the plan while the storm lasts. */
export interface KeyRotation {
  run(): Promise<void>;
  onRewrapped(process: string): void;
}

const rewrapMs = 10_000;

export function createKeyRotation({ fleet, plan, mixedMs, signal }: RotationOptions): KeyRotation {
  let rewrapping: string | undefined;

  async function rewrap(): Promise<void> {
    const worker = fleet.workers.find(({ state }) => state === "running");
    if (worker === undefined) return;
    rewrapping = worker.process;
    fleet.send(worker, { kind: "rewrap" });
    // It may be killed meanwhile: then another one begins again.
    const until = Date.now() + rewrapMs;
    while (rewrapping !== undefined && fleet.find(worker.process) !== undefined && Date.now() < until) {
      if (signal.aborted) return;
      await delay(20);
    }
    rewrapping = undefined;
  }

  return {
    async run() {
      let promoteAt = Date.now() + mixedMs;
      while (!signal.aborted) {
        await delay(50);
        const step = plan.step(fleet.workers);
        if (step === undefined) {
          if (Date.now() < promoteAt) continue;
          promoteAt = Number.POSITIVE_INFINITY;
          plan.promote();
        } else if (step.kind === "rewrap") await rewrap();
        else {
          promoteAt = Date.now() + mixedMs;
          const worker = fleet.find(step.process);
          if (worker !== undefined) await orAborted(signal, fleet.leave(worker)).catch(ignoreInterruption);
        }
      }
    },
    onRewrapped(process) {
      if (process !== rewrapping) return;
      rewrapping = undefined;
      plan.rewrapped();
    },
  };
}

/** The loop ends by itself then. */
function ignoreInterruption(error: unknown): void {
  if (!(error instanceof Interrupted)) throw error;
}
