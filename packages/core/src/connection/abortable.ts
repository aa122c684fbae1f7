import { GrantkeeperError } from "../errors.ts";

/** Stops waiting when the signal says so; the work itself goes on. */
export function abortable<Value>(signal: AbortSignal | null | undefined, work: Promise<Value>): Promise<Value> {
  if (signal === undefined || signal === null) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new GrantkeeperError("aborted", "The caller stopped waiting."));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
