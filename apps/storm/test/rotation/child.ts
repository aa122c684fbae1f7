import { type ChildProcess, fork } from "node:child_process";
import { onTestFinished } from "vitest";

/** Another process, which is told what to do once and says what it has done. */
export interface Child<Message> {
  readonly heard: readonly Message[];
  tell(message: "stop"): void;
  kill(): void;
  readonly isOver: boolean;
  /** The signal or the code that it ended with, and what it wrote about it. */
  readonly ended: Promise<string>;
}

/** Starts a script, and kills it at the end of the test if it is still there. `onMessage` hears what it says at once. */
export function startChild<Message>(
  script: string,
  setup: object,
  onMessage: (message: Message) => void = () => undefined,
): Child<Message> {
  const child: ChildProcess = fork(script, [], {
    // Nothing of the test runner's own.
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const heard: Message[] = [];
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    errors += chunk.toString("utf8");
  });
  child.on("message", (message: Message) => {
    heard.push(message);
    onMessage(message);
  });
  let isOver = false;
  // Not its exit: what was said last is heard before the channel is closed.
  const ended = new Promise<string>((resolve) => {
    child.once("close", (code, signal) => {
      isOver = true;
      resolve(`${signal ?? code}${errors}`);
    });
  });
  child.send(setup);
  return {
    heard,
    ended,
    get isOver() {
      return isOver;
    },
    tell: (message) => void child.send(message, () => undefined),
    kill: () => void child.kill("SIGKILL"),
  };
}
