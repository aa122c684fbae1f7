import { setTimeout as delay } from "node:timers/promises";
import type { FaultProxy, NetworkFault } from "@grantkeeper/testing";
import { now } from "../clock.ts";
import type { FaultEpisode } from "../history/history.ts";
import type { Random } from "../random.ts";

/**
 * What is done to a network: one of these, or `refuse`, which takes no new connections, or `outage`, in which nothing works
 * for seconds: long enough for a process to die while its store is away.
 */
type Trouble = NetworkFault | { readonly kind: "refuse" } | { readonly kind: "outage" };

export interface NetworkTroubleOptions {
  readonly proxy: FaultProxy;
  readonly between: FaultEpisode["between"];
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly onEpisode: (episode: FaultEpisode) => void;
}

/** Milliseconds that one fault lasts, and that the network is well in between. */
const shortestMs = 150;
const longestMs = 600;
const calmShare = 0.4;
const outageShare = 0.06;
const longestOutageMs = 5_000;

/** Troubles a network with one fault after another until the signal says so; then it is well again. */
export async function troubleNetwork(options: NetworkTroubleOptions): Promise<void> {
  const { proxy, between, random, signal, onEpisode } = options;
  const wait = (mostMs = longestMs): Promise<unknown> =>
    delay(random.between(shortestMs, mostMs), undefined, { signal }).catch(() => undefined);
  while (!signal.aborted) {
    if (random.chance(calmShare)) {
      await wait();
      continue;
    }
    // A provider that is away for long is nothing new: the calls run into their limits.
    const trouble: Trouble =
      between === "store" && random.chance(outageShare) ? { kind: "outage" } : chooseTrouble(random);
    const from = now();
    if (trouble.kind === "refuse" || trouble.kind === "outage") {
      await proxy.refuse();
      if (trouble.kind === "outage") proxy.drop();
      await wait(trouble.kind === "outage" ? longestOutageMs : longestMs);
      await proxy.accept();
    } else {
      const added = proxy.add(trouble, { probability: random.between(0.3, 1) });
      await wait();
      added.remove();
    }
    onEpisode({ between, fault: trouble.kind, from, to: now() });
  }
}

function chooseTrouble(random: Random): Trouble {
  const whole = (from: number, to: number): number => Math.round(random.between(from, to));
  const direction = random.pick(["upstream", "downstream"] as const) ?? "upstream";
  const troubles: readonly Trouble[] = [
    { kind: "latency", delayMs: whole(20, 500), jitterMs: whole(0, 20) },
    { kind: "bandwidth", bytesPerSecond: whole(2_000, 40_000) },
    { kind: "refuse" },
    { kind: "reset", afterMs: whole(0, 40) },
    { kind: "slowClose", delayMs: whole(50, 500) },
    { kind: "hold", direction },
    { kind: "swallow", direction, closeAfterMs: whole(100, 1_500) },
    { kind: "slice", bytes: whole(8, 64), delayMs: whole(1, 5), jitterBytes: 4 },
    { kind: "loseResponse", resetAfterMs: whole(0, 300) },
    { kind: "cut", direction, afterBytes: whole(0, 600), by: random.chance(0.5) ? "reset" : "close" },
  ];
  return random.pick(troubles) ?? { kind: "refuse" };
}
