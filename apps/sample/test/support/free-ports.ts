import { createServer } from "node:net";
import { portsAfter } from "../../src/settings.ts";

/** A port that is free together with those after it, as the sample and its emulated providers need. */
export async function freePorts(): Promise<number> {
  for (;;) {
    const count = 1 + portsAfter;
    const first = 20_000 + count * Math.floor(Math.random() * 2_400);
    const free = await Promise.all(Array.from({ length: count }, (_, offset) => isFree(first + offset)));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
