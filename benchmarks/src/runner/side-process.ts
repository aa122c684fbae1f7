import { fork } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { JsonObject } from "@grantkeeper/core";
import type { Answer, Order } from "./messages.ts";
import type { Figures } from "./side.ts";

const patienceMs = 300_000;
/** Many processes of one side start soon only where they need not compile the same again: none measures its start. */
const compileCache = join(tmpdir(), "grantkeeper-benchmarks");
/** Enough for a message to reach every process. */
const leadMs = 25;

/** The processes of one side. */
export interface SideProcesses {
  round(): Promise<Figures>;
  close(): Promise<void>;
}

export interface SideProcessOptions {
  readonly name: string;
  readonly module: URL;
  readonly settings: JsonObject;
  readonly processes: number;
  /** Where each process writes its CPU profile. */
  readonly profiles: string | undefined;
}

interface Child {
  tell(order: Order): Promise<JsonObject | Figures>;
  close(): Promise<void>;
}

/** Starts the processes of a side, and waits until they are warm. */
export async function startSide(options: SideProcessOptions): Promise<SideProcesses> {
  const { module, settings, processes } = options;
  const children = Array.from({ length: processes }, () => startChild(options));
  const [first] = children;
  if (first === undefined) throw new RangeError("A side has a process at least.");
  const openAt = (process: number): Order => ({
    kind: "open",
    module: module.href,
    settings: { ...settings, process, processes },
  });
  const closeAll = async (): Promise<void> => void (await Promise.all(children.map((child) => child.close())));
  try {
    // One after another: the first one makes what they share, and each warms itself alone.
    for (const [process, child] of children.entries()) await child.tell(openAt(process));
  } catch (error) {
    // A process that is left keeps this one alive.
    await closeAll();
    throw error;
  }
  const tellAll = (order: Order) => Promise.all(children.map((child) => child.tell(order)));
  return {
    async round() {
      const prepared = (await first.tell({ kind: "prepare" })) as JsonObject;
      await tellAll({ kind: "ready", prepared });
      const answers = await tellAll({ kind: "round", prepared, startAt: Date.now() + leadMs });
      const concluded = await first.tell({ kind: "conclude", prepared });
      return { ...merged(answers as readonly Figures[]), ...(concluded as Figures) };
    },
    close: closeAll,
  };
}

/** Over processes, times are the longest one, and counts are summed. */
function merged(all: readonly Figures[]): Figures {
  const names = Object.keys(all[0] ?? {});
  return Object.fromEntries(
    names.map((name) => {
      const values = all.map((figures) => figures[name] ?? Number.NaN);
      const isTime = name === "nanoseconds" || name === "milliseconds";
      return [name, isTime ? Math.max(...values) : values.reduce((sum, value) => sum + value, 0)];
    }),
  );
}

function startChild({ name, processes, profiles }: SideProcessOptions): Child {
  const profiling = profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
  const child = fork(fileURLToPath(new URL("child.ts", import.meta.url)), [], {
    execArgv: ["--disable-warning=ExperimentalWarning", ...profiling],
    // Standard output belongs to the figures; what a library says is no part of the work.
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    // Under "production" no keeper goes to a provider on the loopback interface.
    env: { ...process.env, NODE_ENV: "benchmark", ...(processes === 1 ? {} : { NODE_COMPILE_CACHE: compileCache }) },
  });
  const exited = once(child, "exit");

  async function tell(order: Order): Promise<JsonObject | Figures> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${name} did not answer within ${patienceMs / 1000} s.`)), patienceMs);
    });
    const ended = exited.then((): never => {
      throw new Error(`${name} ended before it answered.`);
    });
    try {
      const answered = once(child, "message").then(([answer]) => answer as Answer);
      child.send(order);
      const answer = await Promise.race([answered, ended, late]);
      if (answer.kind === "failed") throw new Error(`${name} failed: ${answer.text}`);
      return answer.result;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    tell,
    async close() {
      // Whatever it still holds open, it ends when nobody talks to it any more.
      if (child.connected) await tell({ kind: "close" }).catch(() => undefined);
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
