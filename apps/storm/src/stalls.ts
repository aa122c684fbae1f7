import { millisecond, now } from "./clock.ts";
import type { Time } from "./history/history.ts";

const everyMs = 50;
/** A machine with more to do than it can lets everybody wait a little. */
const tolerated = 250 * millisecond;

/** Reports each time that this process did not run for longer than that. Returns a function that stops it. */
export function watchStalls(report: (from: Time, to: Time) => void): () => void {
  let last = now();
  const timer = setInterval(() => {
    const at = now();
    if (at - last > tolerated) report(last, at);
    last = at;
  }, everyMs);
  return () => clearInterval(timer);
}
