// Runs the checks: all of them, or those named on the command line (`node scripts/check.ts layers words`).
import { writeFileSync } from "node:fs";
import * as biome from "./biome.ts";
import * as bundles from "./bundles.ts";
import * as examples from "./examples.ts";
import * as generated from "./generated.ts";
import * as knip from "./knip.ts";
import * as layers from "./layers.ts";
import type { Check } from "./lib/check.ts";
import * as packages from "./packages.ts";
import * as requirements from "./requirements.ts";
import * as words from "./words.ts";

// One after another: bundles measures time, and would be measured beside another check's work.
const checks: readonly Check[] = [words, requirements, layers, generated, biome, knip, packages, bundles, examples];

interface Outcome {
  readonly name: string;
  readonly seconds: number;
  readonly problems: readonly string[];
}

const outcomes: Outcome[] = [];
for (const check of chosenChecks(process.argv.slice(2))) outcomes.push(await runCheck(check));

printTable(outcomes);
const failed = outcomes.filter(({ problems }) => problems.length > 0).length;
const report = process.env["GRANTKEEPER_CHECK_REPORT"];
if (report) writeFileSync(report, JSON.stringify({ passed: outcomes.length - failed, failed }));
process.exitCode = failed > 0 ? 1 : 0;

function chosenChecks(names: readonly string[]): readonly Check[] {
  const unknown = names.filter((name) => !checks.some((check) => check.name === name));
  if (unknown.length > 0) {
    throw new Error(`No check ${unknown.join(", ")}. There are: ${checks.map(({ name }) => name).join(", ")}.`);
  }
  return names.length === 0 ? checks : checks.filter(({ name }) => names.includes(name));
}

async function runCheck({ name, run }: Check): Promise<Outcome> {
  console.log(`▶ ${name}`);
  const startedAt = performance.now();
  const problems = await run((line) => console.log(`  ${line}`)).catch((error: unknown) => [
    `The check itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  ]);
  for (const problem of problems) console.log(`✗ ${problem.replaceAll("\n", "\n    ")}`);
  return { name, seconds: (performance.now() - startedAt) / 1000, problems };
}

function printTable(rows: readonly Outcome[]): void {
  console.log("");
  for (const { name, seconds, problems } of rows) {
    const result = problems.length === 0 ? "ok" : `${problems.length} problem${problems.length === 1 ? "" : "s"}`;
    console.log(`${name.padEnd(14)} ${seconds.toFixed(1).padStart(5)} s   ${result}`);
  }
}
