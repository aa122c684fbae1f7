import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** A sample in a process of its own. */
export type RunningSample = ChildProcessByStdio<null, Readable, Readable>;

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** Starts a sample with this environment and no other. */
export function launch(environment: Readonly<Record<string, string>>): RunningSample {
  return spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Resolves with what it has said until it is ready, that line included; rejects if it stops before. */
export async function ready(sample: RunningSample, port: number): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input: sample.stdout })) {
    lines.push(line);
    if (line === `Grantkeeper sample: http://localhost:${port}`) return lines;
  }
  throw new Error("The sample stopped before it was ready.");
}

/** All that it writes to its standard error until it ends. */
export async function errorsOf(sample: RunningSample): Promise<string> {
  let error = "";
  sample.stderr.on("data", (chunk: Buffer) => {
    error += chunk.toString();
  });
  await once(sample, "close");
  return error;
}

export async function stop(sample: RunningSample, signal: "SIGTERM" | "SIGINT" | "SIGKILL"): Promise<void> {
  if (sample.exitCode !== null || sample.signalCode !== null) return;
  sample.kill(signal);
  await once(sample, "exit");
}
