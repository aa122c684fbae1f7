import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Arguments, readArguments, UsageError, usage } from "./arguments.ts";
import { cases } from "./cases/index.ts";
import { readMachine, readVersions } from "./report/machine.ts";
import type { Report } from "./report/report.ts";
import { printResult } from "./report/terminal.ts";
import type { Case, CaseResult } from "./runner/case.ts";
import { runCase } from "./runner/run-case.ts";

const resultsFile = join(import.meta.dirname, "..", "results", "latest.json");

process.exitCode = await main();

/** Progress and tables go to standard error; the last line of standard output is every figure as JSON. */
async function main(): Promise<number> {
  let given: Arguments;
  let chosen: readonly Case[];
  try {
    given = readArguments(process.argv.slice(2));
    chosen = choose(given.chosen);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
  if (given.help) {
    console.log(usage);
    return 0;
  }
  const startedAt = new Date();
  const results: CaseResult[] = [];
  const failed: string[] = [];
  for (const one of chosen) {
    const missing = await one.missing?.();
    if (missing !== undefined) {
      if (given.writeDocs) throw new Error(`${one.name} cannot be run: ${missing}`);
      console.error(`${one.name} is left out: ${missing}`);
      continue;
    }
    const profiles = given.profiles === undefined ? undefined : resolve(given.profiles, one.name);
    const onProgress = (line: string): void => console.error(`${secondsSince(startedAt)} s  ${line}`);
    try {
      const result = await runCase(one, { rounds: given.rounds, profiles, onProgress });
      printResult(result);
      results.push(result);
    } catch (error) {
      // The others are worth knowing all the same.
      console.error(`${one.name} failed:`, error);
      failed.push(one.name);
    }
  }
  if (given.writeDocs && failed.length > 0) throw new Error(`Nothing is kept, since ${failed.join(", ")} failed.`);
  const report: Report = {
    date: startedAt.toISOString().slice(0, 10),
    seconds: secondsSince(startedAt),
    rounds: given.rounds,
    machine: readMachine(),
    versions: readVersions(),
    cases: results,
  };
  if (given.json !== undefined) writeFileSync(given.json, `${JSON.stringify(report)}\n`);
  if (given.writeDocs) {
    mkdirSync(dirname(resultsFile), { recursive: true });
    writeFileSync(resultsFile, `${JSON.stringify(report, undefined, 2)}\n`);
    // Here alone, since it starts the formatter.
    await import("../../scripts/generate.ts");
  }
  console.log(JSON.stringify(report));
  return failed.length === 0 ? 0 : 1;
}

function secondsSince(time: Date): number {
  return Math.round((Date.now() - time.getTime()) / 1000);
}

function choose(names: readonly string[]): readonly Case[] {
  if (names.length === 0) return cases;
  const matches = (one: Case, name: string): boolean => one.name === name || one.name.startsWith(`${name}/`);
  const unknown = names.filter((name) => !cases.some((one) => matches(one, name)));
  if (unknown.length > 0) throw new UsageError(`There is no case ${unknown.join(", ")}.`);
  return cases.filter((one) => names.some((name) => matches(one, name)));
}
