import type { JsonObject } from "@grantkeeper/core";
import type { Summary } from "./statistics.ts";

/** The same work, done by several sides. The first one is the one that others are compared with. */
export interface Case {
  /** `group/name`: what the command line chooses by. */
  readonly name: string;
  /** What is done, in one sentence. */
  readonly title: string;
  /** The figure by which sides are compared. */
  readonly figure: string;
  readonly better: "lower" | "higher";
  readonly sides: readonly CaseSide[];
  /** What all sides share, such as a provider: opened before them, in processes of its own. */
  readonly stage?: () => Promise<Stage>;
  /** Rounds that are not counted, before the others: for what its sides cannot do to warm themselves. */
  readonly warmUps?: number;
  /** Why it cannot be run here, in one sentence; `undefined` where it can. */
  readonly missing?: () => Promise<string | undefined>;
  readonly targets?: (results: Results) => readonly Target[];
}

export interface CaseSide {
  readonly name: string;
  readonly module: URL;
  readonly settings?: JsonObject;
  readonly processes?: number;
}

export interface Stage {
  /** Given to every side. */
  readonly settings: JsonObject;
  close(): Promise<void>;
}

/** What the sides of a case have shown, by their names. */
export interface Results {
  figure(side: string, figure: string): Summary;
  /** Of the case's figure, round by round: the one side's as a multiple of the other's. */
  ratio(side: string, other: string): Summary;
}

/** A number that is to be reached. */
export interface Target {
  readonly text: string;
  readonly measured: number;
  readonly limit: number;
  /** Whether the limit is the most or the least. */
  readonly bound: "at most" | "at least";
}

export interface CaseResult {
  readonly name: string;
  readonly title: string;
  readonly figure: string;
  readonly sides: readonly SideResult[];
  readonly targets: readonly (Target & { readonly reached: boolean })[];
}

export interface SideResult {
  readonly name: string;
  readonly figures: Readonly<Record<string, Summary>>;
  /** The case's figure as a multiple of the first side's. */
  readonly ratio: Summary;
}
