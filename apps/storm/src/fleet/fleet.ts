import { type ChildProcess, fork } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { now } from "../clock.ts";
import type { KillPoint, Pause, ProcessId, Time } from "../history/history.ts";
import type { FromWorker, ToWorker, WorkerSetup } from "../worker/messages.ts";
import type { Armed } from "../worker/points.ts";

/** One worker process, from its start to its end. */
export interface Worker {
  readonly process: ProcessId;
  readonly setup: WorkerSetup;
  readonly state: "starting" | "running" | "stopped" | "leaving" | "dying" | "gone";
  /** The point at which it is to kill or stop itself. */
  readonly armed: Armed | undefined;
}

/** A process that ended by SIGKILL. Without a point it has done that itself, and has written down where. */
export interface Death {
  readonly process: ProcessId;
  readonly at: Time;
  readonly point: KillPoint | "random" | undefined;
  readonly request: string | undefined;
}

export interface FleetOptions {
  readonly processes: number;
  /** A folder for compiled code, so that many processes start quickly. */
  readonly compileCache: string;
  /** What the next process of a place is started with. */
  readonly configure: (place: number, process: ProcessId) => WorkerSetup;
  readonly onMessage: (worker: Worker, message: FromWorker) => void;
  /** What no storm explains: a crash, a process that hangs. */
  readonly onFailure: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Keeps a number of workers running: whoever is gone is started again at once. */
export interface Fleet {
  /** All that are there, whatever they do. */
  readonly workers: readonly Worker[];
  readonly deaths: readonly Death[];
  readonly pauses: readonly Pause[];
  find(process: ProcessId): Worker | undefined;
  /** Kills it at once, and resolves when it is gone. */
  kill(worker: Worker, where?: Pick<Death, "point" | "request">): Promise<void>;
  /** Stops it, or takes note that it stops itself, and lets it go on after so many milliseconds. */
  stop(worker: Worker, forMs: number, by?: "itself"): void;
  send(worker: Worker, message: ToWorker): void;
  /** Lets it end what it does; another one takes its place. */
  leave(worker: Worker): Promise<void>;
  /** Starts nobody any more, and lets all of them end what they do. */
  disband(): Promise<void>;
  /** Kills all of them, and resolves when nothing is left. */
  close(): Promise<void>;
}

/** How long a process may be silent, and how long it may take to leave. Both count while it runs. */
const longestSilenceMs = 20_000;
const longestLeaveMs = 45_000;
const mostErrorText = 4_000;

interface Member extends Worker {
  state: Worker["state"];
  armed: Armed | undefined;
  readonly place: number;
  readonly child: ChildProcess;
  readonly exited: Promise<void>;
  heardAt: number;
  wake: NodeJS.Timeout | undefined;
  stoppedAt: number;
  errorText: string;
  killing: boolean;
  leaving: boolean;
}

/** Resolves when the first of them is ready: it has compiled what the others find compiled. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { onFailure } = options;
  const members: (Member | undefined)[] = Array.from({ length: options.processes }, () => undefined);
  const incarnations = members.map(() => 0);
  const deaths: Death[] = [];
  const pauses: Pause[] = [];
  let disbanding = false;

  function start(place: number): void {
    const incarnation = (incarnations[place] ?? 0) + 1;
    incarnations[place] = incarnation;
    const process = `${place + 1}.${incarnation}`;
    const setup = options.configure(place, process);
    // Nothing of the parent's own: a test runner's loaders would come along.
    const child = fork(fileURLToPath(new URL("../worker/main.ts", import.meta.url)), [], {
      execArgv: ["--disable-warning=ExperimentalWarning"],
      env: { ...globalThis.process.env, NODE_COMPILE_CACHE: options.compileCache },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const member: Member = {
      ...{ process, setup, place, child, exited, state: "starting", armed: undefined },
      ...{ heardAt: Date.now(), wake: undefined, stoppedAt: 0, errorText: "", killing: false, leaving: false },
    };
    members[place] = member;
    child.stderr?.on("data", (chunk: Buffer) => {
      member.errorText = (member.errorText + chunk.toString("utf8")).slice(-mostErrorText);
    });
    child.on("error", () => undefined);
    child.on("message", (message: FromWorker) => hear(member, message));
    child.once("exit", (code, signal) => bury(member, code, signal));
    send(member, { kind: "begin", setup });
  }

  function hear(member: Member, message: FromWorker): void {
    member.heardAt = Date.now();
    if (message.kind === "ready" && member.state === "starting") member.state = "running";
    options.onMessage(member, message);
  }

  function bury(member: Member, code: number | null, signal: NodeJS.Signals | null): void {
    if (member.state === "stopped") pauses.push(pauseOf(member));
    clearTimeout(member.wake);
    const left = member.leaving && code === 0;
    member.state = "gone";
    const { process } = member;
    if (signal === "SIGKILL") {
      // Who was not killed from here has killed itself where it was told to.
      if (!member.killing) deaths.push({ process, at: now(), point: undefined, request: undefined });
    } else if (!left) onFailure(`${process} ended with ${signal ?? code}: ${member.errorText}`);
    if (members[member.place] !== member) return;
    members[member.place] = undefined;
    if (!disbanding && !options.signal.aborted) start(member.place);
  }

  function pauseOf({ process, stoppedAt }: Member): Pause {
    return { process, kind: "stopped", from: stoppedAt, to: now() };
  }

  function send({ child }: Member, message: ToWorker): void {
    if (child.connected) child.send(message, () => undefined);
  }

  async function leave(member: Member): Promise<void> {
    if (member.state === "gone") return;
    // Whoever told it so first looks after it.
    if (member.leaving) return member.exited;
    member.leaving = true;
    if (member.state !== "stopped") member.state = "leaving";
    send(member, { kind: "leave" });
    let spent = 0;
    const timer = setInterval(() => {
      if (member.state === "stopped" || member.killing) return;
      member.state = "leaving";
      spent += 250;
      if (spent < longestLeaveMs) return;
      onFailure(`${member.process} does not come to an end.`);
      strike(member);
    }, 250);
    await member.exited;
    clearInterval(timer);
  }

  function strike(member: Member): void {
    if (member.state === "stopped") pauses.push(pauseOf(member));
    clearTimeout(member.wake);
    member.state = "dying";
    member.killing = true;
    member.child.kill("SIGKILL");
  }

  const watch = setInterval(() => {
    for (const member of members) {
      if (member === undefined || member.state === "stopped" || member.killing) continue;
      if (Date.now() - member.heardAt < longestSilenceMs) continue;
      onFailure(`${member.process} has been silent for ${longestSilenceMs / 1_000} s.`);
      strike(member);
    }
  }, 500);

  start(0);
  while (members[0]?.state !== "running" && !options.signal.aborted) await delay(10);
  for (const place of members.keys()) if (members[place] === undefined && !options.signal.aborted) start(place);

  const present = (): readonly Member[] => members.filter((member) => member !== undefined);
  const memberOf = (worker: Worker): Member => worker as Member;

  return {
    get workers() {
      return present();
    },
    ...{ deaths, pauses },
    find: (process) => present().find((member) => member.process === process),
    async kill(worker, { point, request } = { point: "random", request: undefined }) {
      const member = memberOf(worker);
      if (!member.killing && member.state !== "gone") {
        deaths.push({ process: member.process, at: now(), point, request });
        strike(member);
      }
      await member.exited;
    },
    stop(worker, forMs, by) {
      const member = memberOf(worker);
      if (member.state === "gone" || member.state === "dying" || member.state === "stopped") return;
      const before = member.state;
      member.state = "stopped";
      member.stoppedAt = now();
      if (by === undefined) member.child.kill("SIGSTOP");
      member.wake = setTimeout(() => {
        pauses.push(pauseOf(member));
        member.state = before;
        member.heardAt = Date.now();
        member.child.kill("SIGCONT");
      }, forMs);
    },
    send(worker, message) {
      const member = memberOf(worker);
      if (message.kind === "arm") member.armed = message.armed;
      send(member, message);
    },
    leave: (worker) => leave(memberOf(worker)),
    async disband() {
      disbanding = true;
      await Promise.all(present().map(leave));
      clearInterval(watch);
    },
    async close() {
      disbanding = true;
      clearInterval(watch);
      const left = present();
      for (const member of left) strike(member);
      await Promise.all(left.map(({ exited }) => exited));
    },
  };
}
