import { createBudgetCheck } from "./checks/budget.ts";
import { createCallCheck } from "./checks/calls.ts";
import type { Check, CheckContext, LastAnswer, ProtocolTimes, Violation } from "./checks/check.ts";
import { createCommitCheck } from "./checks/commits.ts";
import { createEndingCheck } from "./checks/endings.ts";
import { createLossCheck } from "./checks/losses.ts";
import { createOverlapCheck } from "./checks/overlaps.ts";
import { createReuseCheck } from "./checks/reuse.ts";
import { createSuccessorCheck } from "./checks/successors.ts";
import type { HistoryEvent, LossCause, Oracle } from "./history.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import type { RotationMode } from "./provider.ts";

export interface MonitorOptions {
  readonly mode: RotationMode;
  readonly oracle: Oracle;
  readonly times: ProtocolTimes;
}

/** Judges a history while it is written. */
export interface Monitor {
  readonly ledger: Ledger;
  observe(event: HistoryEvent): void;
  /** Judges what is left in the end. */
  finish(at: number, answers: readonly LastAnswer[]): void;
  readonly violations: readonly Violation[];
  readonly losses: readonly LossCause[];
}

export function createMonitor({ mode, oracle, times }: MonitorOptions): Monitor {
  const violations: Violation[] = [];
  const losses: LossCause[] = [];
  const ledger = createLedger(oracle);
  let now = 0;
  const context: CheckContext = {
    ledger,
    oracle,
    mode,
    times,
    report: (invariant, what) => void violations.push({ invariant, at: now, what }),
    lost: (cause) => void losses.push(cause),
  };
  const checks: readonly Check[] = [
    createReuseCheck(context),
    createSuccessorCheck(context),
    createOverlapCheck(context),
    createCommitCheck(context),
    createEndingCheck(context),
    createBudgetCheck(context),
    createLossCheck(context),
    createCallCheck(context),
  ];
  return {
    ledger,
    observe(event) {
      now = event.at;
      for (const check of checks) check.before?.(event);
      ledger.observe(event);
      for (const check of checks) check.after?.(event);
    },
    finish(at, answers) {
      now = at;
      for (const check of checks) check.end?.(answers);
    },
    violations,
    losses,
  };
}
