import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface RunningProvider {
  readonly origin: string;
  close(): Promise<void>;
}

/** Starts the authorization server; each of its answers takes `latencyMs`. */
export function startAuthorizationServer(latencyMs: number): Promise<RunningProvider> {
  return startProcess(new URL("server.ts", import.meta.url), [String(latencyMs)]);
}

/** Starts a program that says where it listens, and ends when nobody is connected to it any more. */
export async function startProcess(program: URL, args: readonly string[]): Promise<RunningProvider> {
  const child = fork(fileURLToPath(program), args, {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const exited = once(child, "exit");
  const ended = exited.then((): never => {
    throw new Error("The provider did not start.");
  });
  const [origin] = (await Promise.race([once(child, "message"), ended])) as [string];
  // Once it has started its end is no error.
  ended.catch(() => undefined);
  return {
    origin,
    async close() {
      child.disconnect();
      await exited;
    },
  };
}
