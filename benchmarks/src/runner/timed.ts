import type { Figures, Side } from "./side.ts";

export interface TimedOptions {
  /** How long a round takes at least. */
  readonly roundMs?: number;
  readonly close?: () => Promise<void>;
}

/** Rounds of a loop that is long enough for the clock; it is warm before the first one. */
export async function timed(
  loop: (count: number) => unknown,
  { roundMs = 60, close }: TimedOptions = {},
): Promise<Side> {
  // The first calls load what comes late, and say nothing about the next ones.
  await loop(10);
  let count = 1;
  for (let ms = await milliseconds(() => loop(count)); ms < roundMs; ms = await milliseconds(() => loop(count))) {
    count = Math.ceil(count * growth(ms, roundMs));
  }
  // What the engine compiles is compiled by then.
  for (let round = 0; round < 4; round++) await loop(count);
  return {
    round: async (): Promise<Figures> => ({ nanoseconds: ((await milliseconds(() => loop(count))) * 1e6) / count }),
    ...(close === undefined ? {} : { close }),
  };
}

/** Calls and waits, one after another. */
export function repeat(call: () => unknown): (count: number) => Promise<void> {
  return async (count) => {
    for (let done = 0; done < count; done++) await call();
  };
}

async function milliseconds(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function growth(ms: number, wanted: number): number {
  return Math.min(10, Math.max(1.2, (1.1 * wanted) / Math.max(ms, 0.01)));
}
