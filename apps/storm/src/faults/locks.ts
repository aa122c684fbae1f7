import { fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { now } from "../clock.ts";
import type { FaultEpisode } from "../history/history.ts";
import type { Random } from "../random.ts";

/** Another process takes the write lock of a SQLite file now and then, and keeps it for a while. */
export async function holdLocks(
  path: string,
  random: Random,
  signal: AbortSignal,
  onEpisode: (episode: FaultEpisode) => void,
): Promise<void> {
  const child = fork(fileURLToPath(new URL("lock-holder.ts", import.meta.url)), [path], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const exited = once(child, "exit");
  try {
    while (!signal.aborted) {
      await delay(random.between(500, 2_500), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) break;
      const from = now();
      // Mostly shorter than the store's own patience, and sometimes longer.
      child.send({ forMs: random.chance(0.1) ? random.between(5_500, 7_000) : random.between(50, 1_500) });
      await Promise.race([once(child, "message"), exited]);
      onEpisode({ between: "store", fault: "locked", from, to: now() });
    }
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}
