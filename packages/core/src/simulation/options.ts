import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type RotationMode, rotationModes } from "./provider.ts";

/** What the command was asked for. */
export interface Options {
  readonly sequences: number;
  readonly seed: number;
  readonly path: string | undefined;
  readonly modes: readonly RotationMode[];
  readonly workers: number;
}

export const usage: string = `npm run simulate -- [--sequences 10000] [--seed N] [--path P] [--rotation MODE|all] [--workers N]
MODE is one of ${rotationModes.join(", ")}.`;

/** Reads the command line. Throws with a line for people where it makes no sense. */
export function readOptions(line: readonly string[], randomSeed: () => number): Options {
  const { values } = parseArgs({
    args: [...line],
    options: {
      sequences: { type: "string", default: "10000" },
      seed: { type: "string" },
      path: { type: "string" },
      rotation: { type: "string", default: "all" },
      workers: { type: "string" },
    },
  });
  const modes = rotationModes.filter((mode) => values.rotation === "all" || values.rotation === mode);
  if (modes.length === 0) throw new Error(`There is no rotation "${values.rotation}".`);
  if (values.path !== undefined && (modes.length !== 1 || values.seed === undefined)) {
    throw new Error("A path is one of a seed and of one rotation: give --seed and --rotation too.");
  }
  return {
    sequences: integer("sequences", values.sequences, 1),
    seed: values.seed === undefined ? randomSeed() : integer("seed", values.seed, -(2 ** 31)) | 0,
    path: values.path,
    modes,
    workers: values.workers === undefined ? availableParallelism() : integer("workers", values.workers, 1),
  };
}

function integer(name: string, value: string, minimum: number): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= minimum) return number;
  throw new Error(`--${name} is not a whole number from ${minimum} on: ${value}`);
}
