import type { Time } from "./history/history.ts";

/** The machine's monotonic clock: the same in all processes, and running on while one of them is stopped. */
export function now(): Time {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000_000 + Math.floor(nanoseconds / 1_000);
}

export const millisecond = 1_000;
export const second = 1_000_000;
