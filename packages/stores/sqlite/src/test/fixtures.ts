import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isGrantkeeperError } from "@grantkeeper/core";
import type { Store } from "@grantkeeper/core/store";
import { onTestFinished } from "vitest";
import { type SqliteStoreOptions, sqliteStore } from "../index.ts";

/** A folder that is gone after the test. */
export function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "grantkeeper-sqlite-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store that is closed after the test. */
export function openStore(path: string, options?: SqliteStoreOptions): Store {
  const store = sqliteStore(path, options);
  onTestFinished(() => store.close());
  return store;
}

/** The code of what was rejected, or `none`. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await errorOf(work);
  return error === undefined ? "none" : isGrantkeeperError(error) ? error.code : String(error);
}

export async function errorOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Starts a script of this folder in as many processes, lets them go at once, and returns what each of them sends. */
export async function runProcesses(script: string, count: number, ...given: readonly string[]): Promise<unknown[]> {
  const children = Array.from({ length: count }, () =>
    fork(fileURLToPath(new URL(script, import.meta.url)), given, {
      execArgv: ["--disable-warning=ExperimentalWarning"],
    }),
  );
  onTestFinished(() => {
    for (const child of children) child.kill("SIGKILL");
  });
  await Promise.all(children.map(nextMessage));
  const results = children.map(nextMessage);
  for (const child of children) child.send("go");
  return Promise.all(results);
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const exit = new AbortController();
  const ended = once(child, "exit", { signal: exit.signal }).then(([code]) => {
    throw new Error(`a process ended early with code ${code}`);
  });
  try {
    const [message]: unknown[] = await Promise.race([once(child, "message"), ended]);
    return message;
  } finally {
    ended.catch(() => undefined);
    exit.abort();
  }
}
