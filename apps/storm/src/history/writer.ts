import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import type { ProcessEvent, ProcessHistory, ProcessId } from "./history.ts";

/** Writes down what a process does, so that a kill takes away nothing that was said. */
export interface Writer {
  write(event: ProcessEvent): void;
  close(): void;
}

/** Makes the file of a process that is about to start: it may be killed before it has said anything. */
export function beginHistory(file: string): string {
  writeFileSync(file, "", { mode: 0o600, flag: "wx" });
  return file;
}

export function createWriter(file: string): Writer {
  const descriptor = openSync(file, "a", 0o600);
  return {
    // One call to the system for each line: what it has taken, it keeps, whatever becomes of this process.
    write: (event) => void writeSync(descriptor, `${JSON.stringify(event)}\n`),
    close: () => closeSync(descriptor),
  };
}

export function readWritten(process: ProcessId, file: string): ProcessHistory {
  const lines = readFileSync(file, "utf8").split("\n");
  // The last one is empty, or was cut off by a kill.
  lines.pop();
  return { process, events: lines.map((line) => JSON.parse(line) as ProcessEvent) };
}
