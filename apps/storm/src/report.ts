import { invariantIds } from "./check/index.ts";
import { timeline } from "./check/timeline.ts";
import { millisecond } from "./clock.ts";
import { killPoints } from "./history/history.ts";
import type { StormOptions } from "./options.ts";
import type { StormResult } from "./storm.ts";

/** The last line of a storm. */
export interface StormReport {
  readonly store: string;
  readonly provider: string;
  readonly rotation: string;
  readonly faults: boolean;
  readonly rewrap: boolean;
  readonly seed: number;
  readonly processes: number;
  readonly connections: number;
  readonly refreshes: number;
  readonly kills: number;
  readonly killsByPoint: Readonly<Record<string, number>>;
  readonly stops: number;
  readonly reconnects: number;
  readonly disconnects: number;
  /** Passes of `rotateKeys` that came to their end, and the rows that these have rewrapped. */
  readonly rewrapPasses: number;
  readonly rewraps: number;
  readonly reuseDetected: number;
  readonly lost: number;
  readonly lostInWindow: number;
  readonly windowByCause: Readonly<Record<string, number>>;
  readonly commitDelayMs: { readonly p50: number | null; readonly p99: number | null };
  readonly violations: Readonly<Record<string, number>>;
  /** What ended it with an error beside those: crashes, processes that hang. */
  readonly failures: number;
}

export function reportOf(options: StormOptions, { history, verdict, stops, failures }: StormResult): StormReport {
  const { losses, violations } = verdict;
  const { store, provider, rotation, faults, rewrap, seed, processes, connections } = options;
  const points = ["random", ...killPoints];
  const explained = losses.flatMap(({ cause }) => (cause === undefined ? [] : [cause]));
  const delays = verdict.commitDelays.toSorted((a, b) => a - b);
  return {
    ...{ store, provider, rotation, faults, rewrap, seed, processes, connections },
    refreshes: verdict.refreshes,
    kills: history.kills.length,
    killsByPoint: countsOf(
      points,
      history.kills.map(({ point }) => point),
    ),
    stops,
    reconnects: verdict.reconnects,
    disconnects: verdict.disconnects,
    rewrapPasses: verdict.rewrapPasses,
    rewraps: verdict.rewraps,
    reuseDetected: history.reuseDetected,
    lost: losses.length - explained.length,
    lostInWindow: explained.length,
    windowByCause: countsOf([...new Set(explained)].sort(), explained),
    commitDelayMs: { p50: quantileMs(delays, 0.5), p99: quantileMs(delays, 0.99) },
    violations: countsOf(
      invariantIds,
      violations.map(({ invariant }) => invariant),
    ),
    failures: failures.length,
  };
}

/** Whether the promise was kept: only strict rotation has a window in which something may be lost. */
export function isKept({ lost, lostInWindow, rotation, violations, failures }: StormReport): boolean {
  const violated = Object.values(violations).some((count) => count > 0);
  return lost === 0 && failures === 0 && !violated && (rotation === "strict" || lostInWindow === 0);
}

/** What is wrong, each with the history of its connection. */
export function problemsOf({ history, verdict, failures }: StormResult, mostShown = 10): readonly string[] {
  const { rotation } = history.settings;
  const lost = verdict.losses.filter(({ cause }) => cause === undefined || rotation !== "strict");
  const shown = [
    ...verdict.violations.map(({ invariant, text, connection, request }) => ({
      headline: `${invariant} is violated: ${text}`,
      ...{ connection, request },
    })),
    ...lost.map(({ ending, cause }) => ({
      headline: `${ending.connection} was lost: ${cause ?? "nothing explains it"}`,
      connection: ending.connection,
      request: undefined,
    })),
  ];
  const more = shown.length > mostShown ? [`… and ${shown.length - mostShown} more.`] : [];
  return [
    ...failures,
    ...shown
      .slice(0, mostShown)
      .map(({ headline, ...subject }) => [headline, ...timeline(history, subject)].join("\n  ")),
    ...more,
  ];
}

function countsOf(names: readonly string[], found: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(names.map((name) => [name, found.filter((one) => one === name).length]));
}

/** Of ascending microseconds, in milliseconds with two decimals; `null` of none. */
function quantileMs(sorted: readonly number[], share: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return value === undefined ? null : Math.round((value / millisecond) * 100) / 100;
}
