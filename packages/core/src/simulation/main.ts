import { type ChildProcess, fork } from "node:child_process";
import { randomInt } from "node:crypto";
import { type Options, readOptions, usage } from "./options.ts";
import type { RotationMode } from "./provider.ts";
import { failureReport, finalLine, progressLine } from "./report.ts";
import { addSummaries, type Chunk, type ChunkResult, emptySummary, type Failure, type Summary } from "./runner.ts";

// Simulates the refresh protocol: sequences of commands and faults, in virtual time, on as many threads as asked for.

const chunkSequences = 500;
const progressMs = 5_000;

let options: Options;
try {
  options = readOptions(process.argv.slice(2), () => randomInt(2 ** 31));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exit(2);
}
process.exitCode = (await run(options)) ? 0 : 1;

/** True when no invariant was broken. */
async function run({ sequences, seed, path, modes, workers }: Options): Promise<boolean> {
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  const byRotation = new Map<RotationMode, Summary>(modes.map((mode) => [mode, emptySummary]));
  let total = emptySummary;
  let failure: Failure | undefined;
  const chunks = path === undefined ? chunksOf(sequences, seed, modes) : replayOf(seed, path, modes);

  const timer = setInterval(() => print(progressLine(seconds(), sequences, total)), progressMs);
  await Promise.all(
    Array.from({ length: path === undefined ? workers : 1 }, async () => {
      // Processes, since threads of one would wait for each other in OpenSSL. Nearly all that a sequence makes is garbage
      // soon: a large young generation keeps it from being copied.
      const worker = fork(new URL("./worker.ts", import.meta.url), {
        execArgv: [...process.execArgv, "--max-semi-space-size=64"],
        serialization: "advanced",
      });
      for (let next = chunks.next(); next.done !== true && failure === undefined; next = chunks.next()) {
        const result = await handOver(worker, next.value);
        const own = byRotation.get(next.value.mode) ?? emptySummary;
        byRotation.set(next.value.mode, addSummaries(own, result.summary));
        total = addSummaries(total, result.summary);
        failure ??= result.failure;
      }
      worker.disconnect();
    }),
  );
  clearInterval(timer);
  print(progressLine(seconds(), sequences, total));
  if (failure !== undefined) print(failureReport(failure));
  print(finalLine(seed, seconds(), total, byRotation));
  return failure === undefined;
}

/** The rotations take turns; each chunk has a seed of its own, one more than the last. */
function* chunksOf(sequences: number, seed: number, modes: readonly RotationMode[]): Generator<Chunk> {
  for (let begun = 0, index = 0; begun < sequences; begun += chunkSequences, index++) {
    const mode = modes[index % modes.length];
    if (mode === undefined) return;
    const left = Math.min(chunkSequences, sequences - begun);
    yield { mode, seed: (seed + index) | 0, sequences: left, shrinks: true };
  }
}

function* replayOf(seed: number, path: string, modes: readonly RotationMode[]): Generator<Chunk> {
  for (const mode of modes) yield { mode, seed, sequences: 1, path, shrinks: false };
}

function handOver(worker: ChildProcess, chunk: Chunk): Promise<ChunkResult> {
  return new Promise((resolve, reject) => {
    const died = (code: number | null): void => reject(new Error(`A worker ended with code ${code}.`));
    worker.once("exit", died);
    worker.once("message", (result) => {
      worker.off("exit", died);
      resolve(result as ChunkResult);
    });
    worker.send(chunk);
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
