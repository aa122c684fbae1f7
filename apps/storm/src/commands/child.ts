import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** What a child that cannot do as it is told says. */
export interface Failed {
  readonly kind: "failed";
  readonly text: string;
}

/** Another process that does what it is told, one message after another. */
export interface Child<Order, Answer> {
  /** Rejects when the process ends before it answers. */
  tell(order: Order): Promise<Answer>;
  readonly exited: Promise<void>;
  close(): void;
}

export function startChild<Order, Answer extends { readonly kind: string }>(file: URL): Child<Order, Answer> {
  const child = fork(fileURLToPath(file), [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const exited = once(child, "exit").then(() => undefined);
  return {
    async tell(order) {
      const answer = await converse<Order, Answer>(child, exited, order);
      if (answer.kind === "failed") throw new Error((answer as Failed).text);
      return answer as Answer;
    },
    exited,
    close: () => child.kill("SIGKILL"),
  };
}

/** In the child: does what each message orders, and answers with what came of it. */
export function obeyParent<Order, Answer>(obey: (order: Order) => Promise<Answer>): void {
  process.on("message", (order: Order) => {
    const failed = (error: unknown): Failed => ({ kind: "failed", text: String(error) });
    void obey(order)
      .catch(failed)
      .then((answer) => process.send?.(answer));
  });
  process.on("disconnect", () => process.exit(0));
}

function converse<Order, Answer>(child: ChildProcess, exited: Promise<void>, order: Order): Promise<Answer | Failed> {
  const answered = new Promise<Answer | Failed>((resolve) => {
    child.once("message", (answer: Answer | Failed) => resolve(answer));
  });
  child.send(order as object);
  const ended = exited.then((): never => {
    throw new Error("A process ended before it answered.");
  });
  return Promise.race([answered, ended]);
}
