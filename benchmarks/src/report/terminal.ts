import type { CaseResult } from "../runner/case.ts";
import { show, showRange } from "./numbers.ts";

/** A case's table for whoever watches the run. */
export function printResult({ name, title, figure, sides, targets }: CaseResult): void {
  console.error(`\n${name}: ${title}`);
  for (const { name: side, figures, ratio } of sides) {
    const all = Object.entries(figures).map(([figure, summary]) => `${figure} ${showRange(summary)}`);
    console.error(`  ${side.padEnd(34)} ${all.join(", ")}; ${figure} × ${showRange(ratio)}`);
  }
  for (const { text, measured, bound, limit, reached } of targets) {
    console.error(`  ${reached ? "✓" : "✗"} ${text}: ${show(measured)}, ${bound} ${show(limit)}`);
  }
  console.error("");
}
