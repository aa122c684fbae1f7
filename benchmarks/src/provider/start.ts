import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface RunningProvider {
  readonly origin: string;
  close(): Promise<void>;
}

/** Starts the authorization server; each of its answers takes `latencyMs`. */
export async function startAuthorizationServer(latencyMs: number): Promise<RunningProvider> {
  const child = fork(fileURLToPath(new URL("server.ts", import.meta.url)), [String(latencyMs)], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exited = once(child, "exit");
  const [origin] = (await Promise.race([
    once(child, "message"),
    exited.then((): never => {
      throw new Error("The authorization server did not start.");
    }),
  ])) as [string];
  return {
    origin,
    async close() {
      child.disconnect();
      await exited;
    },
  };
}
