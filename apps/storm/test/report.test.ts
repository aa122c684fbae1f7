import { expect, test } from "vitest";
import { check } from "../src/check/index.ts";
import type { StormOptions } from "../src/options.ts";
import { isKept, problemsOf, reportOf } from "../src/report.ts";
import type { StormResult } from "../src/storm.ts";
import { type Story, tell } from "./check/story.ts";

const options: StormOptions = {
  ...{ store: "sqlite", provider: "emulator", rotation: "strict", processes: 2, connections: 1, kills: 1, seconds: 1 },
  ...{ faults: false, rewrap: false, seed: 7, signal: new AbortController().signal, onProgress: () => undefined },
};

/** A kill spends a refresh token, which is found out. */
function told(): Story {
  const story = tell();
  story.consent("0", "con", 0);
  const request = story.refresh("1.1", "con", 3_000, { until: "received" });
  story.kill({ process: "1.1", at: 3_012, point: "after-response", connection: "con", request });
  return story;
}

function resultOf(story: Story, reuseDetected: number, failures: readonly string[] = []): StormResult {
  const history = story.history({ reuseDetected });
  return { history, verdict: check(history), stops: 2, failures };
}

test("the last line has what was counted, in the order in which it is documented", () => {
  const story = told();
  story.refresh("2.1", "con", 9_100, { outcome: "refused" });
  const result = resultOf(story, 1);
  const report = reportOf(options, result);
  expect(JSON.stringify(report)).toBe(
    JSON.stringify({
      ...{ store: "sqlite", provider: "emulator", rotation: "strict", faults: false, rewrap: false, seed: 7 },
      ...{ processes: 2, connections: 1, refreshes: 0, kills: 1 },
      killsByPoint: {
        ...{ random: 0, "before-send": 0, "after-provider-commit": 0, "after-response": 1, "after-commit": 0 },
        "before-release": 0,
      },
      ...{
        stops: 2,
        reconnects: 0,
        disconnects: 0,
        rewrapPasses: 0,
        rewraps: 0,
        reuseDetected: 1,
        lost: 0,
        lostInWindow: 1,
      },
      windowByCause: { "killed-after-response": 1 },
      commitDelayMs: { p50: null, p99: null },
      violations: { I1: 0, I2: 0, I3: 0, I4: 0, I5: 0, I6: 0, I7: 0, I8: 0 },
      failures: 0,
    }),
  );
  expect(problemsOf(result)).toEqual([]);
  expect(isKept(report)).toBe(true);
  // Where rotation is not strict nothing may be lost at all.
  expect(isKept({ ...report, rotation: "grace" })).toBe(false);
});

test("each of a violation, a loss and a failure breaks the promise", () => {
  const kept = reportOf(options, resultOf(tell(), 0));
  expect(isKept(kept)).toBe(true);
  expect(isKept({ ...kept, violations: { ...kept.violations, I4: 1 } })).toBe(false);
  expect(isKept({ ...kept, lost: 1 })).toBe(false);
  expect(isKept({ ...kept, failures: 1 })).toBe(false);
});

test("a violation and a loss are shown with what happened to the connection, and failures in front", () => {
  const story = told();
  story.refresh("2.1", "con", 8_000, { outcome: "refused" });
  story.consent("0", "other", 0);
  story.refresh("3.1", "other", 3_000, { outcome: "refused" });
  const [failure, violation, loss] = problemsOf(resultOf(story, 1, ["1.1 has been silent."]));
  expect(failure).toBe("1.1 has been silent.");
  expect(violation).toMatch(/^I1 is violated: /);
  for (const part of ["killed after-response", "presents con-r1", "issued access=con-a2", "refused", "committing"]) {
    expect(violation).toContain(part);
  }
  expect(violation).not.toContain("other");
  expect(loss).toMatch(/^other was lost: nothing explains it/);
});

test("quantiles of the delays are told in milliseconds", () => {
  const result = resultOf(tell(), 0);
  // In whatever order they came.
  const commitDelays = Array.from({ length: 100 }, (_, index) => (100 - index) * 1_234);
  const report = reportOf(options, { ...result, verdict: { ...result.verdict, commitDelays } });
  expect(report.commitDelayMs).toEqual({ p50: 62.93, p99: 123.4 });
});
