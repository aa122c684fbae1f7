import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { ErrorCode } from "@grantkeeper/core";
import type { Ask, FromSecondProcess, Moment, Open, Share, ToSecondProcess } from "./messages.ts";

/** One more process on the same data, with a keeper of its own, for one asking. */
export interface SecondProcess {
  /** `undefined`: the machine could not start it. */
  readonly pid: number | undefined;
  /** Resolves when its keeper is open. Rejects with a `SecondProcessError`, as `ask` does. */
  readonly ready: () => Promise<void>;
  /** Lets its callers ask, and resolves with what they got. */
  readonly ask: (moment: Moment) => Promise<Share>;
  /** What `work` resolves with, unless the process is lost before. */
  readonly unlessLost: <Result>(work: Promise<Result>) => Promise<Result>;
  /** Ends it, whatever it does. Resolves when it has ended, and never rejects. */
  readonly end: () => Promise<void>;
  readonly ended: Promise<unknown>;
}

/** The second process will not answer. The message says why, and holds no secret. */
export class SecondProcessError extends Error {
  override readonly name = "SecondProcessError";
  /** Of the error that its keeper gave; `undefined`: something happened to the process itself. */
  readonly code: ErrorCode | undefined;

  constructor(message: string, code?: ErrorCode) {
    super(message);
    this.code = code;
  }
}

const file = fileURLToPath(new URL("./second-process.ts", import.meta.url));
const longestStartMs = 30_000;
/** A token is waited for at most 45 seconds, and then perhaps refreshed. */
const longestAnswerMs = 75_000;
/** The process gives itself a second less to save what a refresh under way receives. */
const longestSaveMs = 31_000;

export function startSecondProcess(open: Open): SecondProcess {
  const child = fork(file, {
    // Flags of this process are not for that one: a debugger's port is taken.
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const { pid } = child;
  const exited = exitOf(child);
  let asking = false;

  // These resolve and never reject, so that nobody has to listen all the time.
  const readySaid = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<Share>();
  const lost = Promise.withResolvers<SecondProcessError>();
  const lose = (why: string, code?: ErrorCode): void =>
    lost.resolve(new SecondProcessError(`The second process${pid === undefined ? "" : ` (${pid})`} ${why}`, code));

  child.on("message", (message: FromSecondProcess) => {
    asking &&= message.kind === "ready";
    if (message.kind === "ready") readySaid.resolve();
    else if (message.kind === "answered") answered.resolve(message.share);
    else lose(`said: ${message.message}`, message.code);
  });
  void exited.then((how) => {
    asking = false;
    lose(how);
  });
  send(open);

  function send(message: ToSecondProcess): void {
    // Whoever cannot be told has ended, and `exited` says how.
    child.send(message, () => {});
  }

  async function unlessLost<Result>(work: Promise<Result>): Promise<Result> {
    const first = await Promise.race([work, lost.promise]);
    if (first instanceof SecondProcessError) throw first;
    return first;
  }

  async function within<Result>(work: Promise<Result>, ms: number, what: string): Promise<Result> {
    const timer = setTimeout(() => lose(`${what} within ${ms / 1000} seconds.`), ms);
    try {
      return await unlessLost(work);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    pid,
    ready: () => within(readySaid.promise, longestStartMs, "was not ready"),
    ask(moment) {
      asking = true;
      const ask: Ask = { kind: "ask", ...moment };
      send(ask);
      return within(answered.promise, longestAnswerMs, "did not answer");
    },
    unlessLost,
    async end() {
      // It may be refreshing only while it asks. Without its channel it saves what it receives, and ends.
      if (!asking) child.kill("SIGKILL");
      else if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill("SIGKILL"), longestSaveMs);
      await exited;
      clearTimeout(timer);
    },
    ended: exited,
  };
}

/** Resolves with how a process ended, in words that follow its name. */
function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => {
      resolve(signal === null ? `ended with exit code ${code}.` : `was ended by ${signal}.`);
    });
    // Also for what could not be sent to it, or how it could not be signalled; its exit says more then.
    child.on("error", () => {
      if (child.pid === undefined) resolve("could not be started.");
    });
  });
}
