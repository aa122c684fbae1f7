import { writeFileSync } from "node:fs";
import { type Command, readArguments, UsageError, usage } from "./arguments.ts";
import { runCost } from "./commands/cost.ts";
import { runHerd } from "./commands/herd.ts";
import { runTakeover } from "./commands/takeover.ts";
import { Interrupted } from "./interruption.ts";
import { isKept, problemsOf, reportOf } from "./report.ts";
import { runStorm } from "./storm.ts";

type CommandOf<Kind extends Command["kind"]> = Extract<Command, { readonly kind: Kind }>;

/** The last line is what was found, as JSON. Ends with 1 where a promise was not kept, and with 2 where it was not understood. */
async function main(): Promise<number> {
  const command = readCommand();
  if (command === undefined) return 2;
  const interrupt = new AbortController();
  // Not once: a terminal and a script runner may both send it, and the second one must not cut off the clearing away.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupt.abort());
  try {
    return await run(command, interrupt.signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    console.error(error.message);
    // Whoever still works for it ends with this process.
    process.exit(1);
  }
}

function readCommand(): Command | undefined {
  try {
    return readArguments(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return undefined;
  }
}

async function run(command: Command, signal: AbortSignal): Promise<number> {
  switch (command.kind) {
    case "help":
      console.log(usage);
      return 0;
    case "storm":
      return storm(command, signal);
    case "herd": {
      const report = await runHerd(command, signal);
      console.log(JSON.stringify(report));
      return report.tokenRequests === 1 && report.distinctTokens === 1 ? 0 : 1;
    }
    case "takeover": {
      const report = await runTakeover(command, signal);
      console.log(JSON.stringify(report));
      return report.refreshed && report.takeoverMs <= report.boundMs ? 0 : 1;
    }
    case "cost":
      console.log(JSON.stringify(await runCost(command, signal)));
      return 0;
  }
}

async function storm(command: CommandOf<"storm">, signal: AbortSignal): Promise<number> {
  const options = { ...command, signal, onProgress: (line: string) => console.log(line) };
  console.log(`seed ${command.seed}`);
  const result = await runStorm(options);
  if (command.history !== undefined) writeFileSync(command.history, JSON.stringify(result.history));
  for (const problem of problemsOf(result)) console.log(problem);
  const report = reportOf(options, result);
  if (command.json !== undefined) writeFileSync(command.json, `${JSON.stringify(report)}\n`);
  console.log(JSON.stringify(report));
  return isKept(report) ? 0 : 1;
}

process.exitCode = await main();
