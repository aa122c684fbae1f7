import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { KeeperSetup } from "../worker/messages.ts";
import type { Armed } from "../worker/points.ts";

export type ToCaller =
  | {
      readonly kind: "begin";
      readonly process: string;
      readonly setup: KeeperSetup;
      readonly history: string;
      readonly armed: Armed | undefined;
    }
  /** So many callers ask for the token of a connection at once, and again for so long while they may try again. */
  | { readonly kind: "ask"; readonly connection: string; readonly callers: number; readonly patienceMs: number };

export type FromCaller =
  | { readonly kind: "ready" }
  | { readonly kind: "tokens"; readonly tokens: readonly string[] }
  | { readonly kind: "failed"; readonly text: string };

/** Another process that asks for tokens. */
export interface Caller {
  /** Digests of the different tokens that were given. Rejects when the process ends before it answers. */
  ask(connection: string, callers: number, patienceMs: number): Promise<readonly string[]>;
  readonly exited: Promise<void>;
  close(): void;
}

export async function startCaller(begin: Omit<Extract<ToCaller, { kind: "begin" }>, "kind">): Promise<Caller> {
  const child = fork(fileURLToPath(new URL("caller.ts", import.meta.url)), [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const exited = once(child, "exit").then(() => undefined);
  await converse(child, exited, { kind: "begin", ...begin });
  return {
    async ask(connection, callers, patienceMs) {
      const answer = await converse(child, exited, { kind: "ask", connection, callers, patienceMs });
      return answer.kind === "tokens" ? answer.tokens : [];
    },
    exited,
    close: () => child.kill("SIGKILL"),
  };
}

async function converse(child: ChildProcess, exited: Promise<void>, message: ToCaller): Promise<FromCaller> {
  const answered = new Promise<FromCaller>((resolve) => child.once("message", (answer: FromCaller) => resolve(answer)));
  child.send(message);
  const ended = exited.then((): never => {
    throw new Error("A process ended before it answered.");
  });
  const answer = await Promise.race([answered, ended]);
  if (answer.kind === "failed") throw new Error(answer.text);
  return answer;
}
