import { parseArgs } from "node:util";

export interface Arguments {
  /** Groups or names of cases; none: all of them. */
  readonly chosen: readonly string[];
  readonly rounds: number;
  readonly json: string | undefined;
  readonly writeDocs: boolean;
  readonly profiles: string | undefined;
  readonly help: boolean;
}

/** Said to the user in one sentence; the process ends with 2. */
export class UsageError extends Error {}

const leastRounds = 9;

export const usage: string = `npm run bench [-- [CASE …] [options]]
  CASE             a group (hot-path, vault, storm, stores, refresh, start, connect) or one of its cases (hot-path/held)
  --rounds N       rounds of each case (${leastRounds}); with fewer nothing is written into docs
  --json FILE      writes the last line there, too
  --write-docs     keeps the figures of all cases in benchmarks/results and writes docs/benchmarks.md
  --profile DIR    writes a CPU profile of each side's process`;

export function readArguments(args: readonly string[]): Arguments {
  const { values, positionals } = parsed(args);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError("--rounds is a whole number from 1.");
  if (values["write-docs"] && (positionals.length > 0 || rounds < leastRounds)) {
    throw new UsageError(`--write-docs goes with all cases and ${leastRounds} rounds at least.`);
  }
  if (values["write-docs"] && values.profile !== undefined) {
    throw new UsageError("A profile takes time: --write-docs goes without it.");
  }
  return {
    chosen: positionals,
    rounds,
    json: values.json,
    writeDocs: values["write-docs"],
    profiles: values.profile,
    help: values.help,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      // `pnpm run` passes the `--` of `npm run bench -- hot-path` on.
      args: args.filter((arg) => arg !== "--"),
      allowPositionals: true,
      options: {
        rounds: { type: "string", default: String(leastRounds) },
        json: { type: "string" },
        "write-docs": { type: "boolean", default: false },
        profile: { type: "string" },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
