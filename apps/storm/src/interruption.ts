/** Somebody, or too many failures, ended it before its time. */
export class Interrupted extends Error {}

export function throwIfAborted(signal: AbortSignal, failures: readonly string[] = []): void {
  if (signal.aborted) throw new Interrupted(["It was broken off before its time.", ...failures].join("\n"));
}

/** Waits for work, and no longer than until the signal ends it all. */
export async function orAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  }).then((): never => {
    throw new Interrupted("It was broken off before its time.");
  });
  return Promise.race([work, aborted]);
}
