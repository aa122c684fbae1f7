import type { RotationMode } from "./provider.ts";
import type { Failure, Summary } from "./runner.ts";

/** The last line of a run, as JSON. */
export function finalLine(
  seed: number,
  seconds: number,
  total: Summary,
  byRotation: ReadonlyMap<RotationMode, Summary>,
): string {
  const { sequences, counts, windowByCause, violations } = total;
  return JSON.stringify({
    sequences,
    seed,
    seconds: round(seconds),
    byRotation: Object.fromEntries([...byRotation].map(([mode, summary]) => [mode, summary.sequences])),
    ...counts,
    lostInWindow: lostIn(total),
    windowByCause,
    violations,
  });
}

export function progressLine(seconds: number, asked: number, total: Summary): string {
  const { sequences, counts } = total;
  const rate = Math.round(sequences / Math.max(seconds, 0.001));
  return (
    `${seconds.toFixed(0)} s: ${sequences} of ${asked} sequences, ${rate} per second, ` +
    `${counts.tokenRequests} token requests, ${counts.crashes} crashes, ${counts.pauses} pauses, ` +
    `${lostIn(total)} lost in the window`
  );
}

/** A sequence that broke an invariant, as people read it, and how to see it again. */
export function failureReport({ mode, seed, path, plan, violations, timeline }: Failure): string {
  const { commands, ...setting } = plan;
  return [
    "",
    `An invariant is broken under rotation ${mode}:`,
    ...violations.map(({ invariant, what }) => `  ${invariant}: ${what}`),
    "",
    `Setting: ${JSON.stringify(setting)}`,
    "Commands:",
    ...commands.map((command) => `  ${JSON.stringify(command)}`),
    "Timeline (virtual seconds, process, → arrives, ← comes back):",
    ...timeline.map((line) => `  ${line}`),
    "",
    "To see it again:",
    `  npm run simulate -- --rotation ${mode} --seed ${seed} --path ${path} --sequences 1`,
    "",
  ].join("\n");
}

function lostIn({ windowByCause }: Summary): number {
  return Object.values(windowByCause).reduce((sum, count) => sum + count, 0);
}

function round(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
