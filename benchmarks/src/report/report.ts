import type { CaseResult } from "../runner/case.ts";

/** All that a run has measured. */
export interface Report {
  /** ISO 8601, of the day. */
  readonly date: string;
  /** How long the run took. */
  readonly seconds: number;
  readonly rounds: number;
  readonly machine: Machine;
  /** Of the packages that were measured, by their names. */
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly CaseResult[];
}

export interface Machine {
  readonly processor: string;
  readonly processors: number;
  readonly memoryGiB: number;
  readonly platform: string;
  readonly node: string;
}
