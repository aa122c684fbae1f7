import fc from "fast-check";
import { type Invariant, invariants, type Violation } from "./checks/check.ts";
import type { LossCause } from "./history.ts";
import type { Plan } from "./plan.ts";
import { type MixtureName, plansOf } from "./plans.ts";
import type { RotationMode } from "./provider.ts";
import type { Stage } from "./sequence.ts";
import { type SimulationResult, simulate } from "./simulate.ts";
import { type Counted, counted } from "./world.ts";

/** Some sequences in a row, from one seed. */
export interface Chunk {
  readonly mode: RotationMode;
  readonly seed: number;
  readonly sequences: number;
  /** Left out: all of them, each in its share. */
  readonly mixture?: MixtureName | undefined;
  /** fast-check's path to one of them. */
  readonly path?: string | undefined;
  /** Whether a sequence that fails is made as small as possible. */
  readonly shrinks: boolean;
}

export interface Summary {
  readonly sequences: number;
  readonly counts: Readonly<Record<Counted, number>>;
  readonly windowByCause: Readonly<Partial<Record<LossCause, number>>>;
  readonly violations: Readonly<Record<Invariant, number>>;
}

export interface Failure {
  readonly mode: RotationMode;
  readonly seed: number;
  readonly path: string;
  readonly plan: Plan;
  readonly violations: readonly Violation[];
  readonly timeline: readonly string[];
}

export interface ChunkResult {
  readonly summary: Summary;
  readonly failure: Failure | undefined;
}

/** Plays a chunk until one of its sequences fails. */
export async function runChunk(
  stage: Stage,
  { mode, seed, sequences, mixture, path, shrinks }: Chunk,
): Promise<ChunkResult> {
  let summary = emptySummary;
  let hasFailed = false;
  const property = fc.asyncProperty(plansOf(mixture), async (plan) => {
    const result = await watched(stage, plan);
    // What is tried after that only looks for a smaller one.
    if (!hasFailed) summary = addResult(summary, result);
    if (result.violations.length === 0) return;
    hasFailed = true;
    throw new Error(result.violations.map(({ invariant, what }) => `${invariant}: ${what}`).join("\n"));
  });
  const details = await fc.check(property, {
    seed,
    numRuns: sequences,
    endOnFailure: !shrinks,
    ...(path === undefined ? {} : { path }),
  });
  const [plan] = details.counterexample ?? [];
  if (plan === undefined) return { summary, failure: undefined };
  const { violations, timeline } = await watched(stage, plan, { withTimeline: true });
  const where = details.counterexamplePath ?? "";
  return { summary, failure: { mode, seed: details.seed, path: where, plan, violations, timeline } };
}

export const emptySummary: Summary = {
  sequences: 0,
  counts: zeros(counted),
  windowByCause: {},
  violations: zeros(invariants),
};

export function addSummaries(one: Summary, other: Summary): Summary {
  return {
    sequences: one.sequences + other.sequences,
    counts: sums(one.counts, other.counts),
    windowByCause: sums(one.windowByCause, other.windowByCause),
    violations: sums(one.violations, other.violations),
  };
}

function addResult(summary: Summary, { counts, losses, violations }: SimulationResult): Summary {
  const causes: Partial<Record<LossCause, number>> = {};
  for (const cause of losses) causes[cause] = (causes[cause] ?? 0) + 1;
  const broken: Partial<Record<Invariant, number>> = {};
  for (const { invariant } of violations) broken[invariant] = 1;
  return {
    sequences: summary.sequences + 1,
    counts: sums(summary.counts, counts),
    windowByCause: sums(summary.windowByCause, causes),
    violations: sums(summary.violations, broken),
  };
}

let unhandled: unknown[] | undefined;

/** Simulates, and takes a rejection that nobody handles for a violation. */
async function watched(
  stage: Stage,
  plan: Plan,
  options?: { readonly withTimeline: boolean },
): Promise<SimulationResult> {
  if (unhandled === undefined) {
    unhandled = [];
    process.on("unhandledRejection", (reason) => unhandled?.push(reason));
  }
  const result = await simulate(stage, plan, options);
  const reasons = unhandled.splice(0);
  if (reasons.length === 0) return result;
  const violations = reasons.map(
    (reason): Violation => ({ invariant: "unhandled", at: 0, what: `nobody handled ${String(reason)}` }),
  );
  return { ...result, violations: [...result.violations, ...violations] };
}

function sums<Key extends string>(
  one: Readonly<Partial<Record<Key, number>>>,
  other: Readonly<Partial<Record<Key, number>>>,
): Record<Key, number> {
  const sum: Partial<Record<Key, number>> = { ...one };
  for (const [key, value] of Object.entries(other) as [Key, number][]) sum[key] = (sum[key] ?? 0) + value;
  return sum as Record<Key, number>;
}

function zeros<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}
