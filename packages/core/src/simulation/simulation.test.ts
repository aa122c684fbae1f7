import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Plan } from "./plan.ts";
import { plansOf } from "./plans.ts";
import { rotationModes } from "./provider.ts";
import { failureReport } from "./report.ts";
import { runChunk } from "./runner.ts";
import { createStage, simulate } from "./simulate.ts";

const sequences = 250;

describe.each(rotationModes)("under rotation %s", (mode) => {
  test("I1 I2 I3 I4 I5 I6 I7 I8 T5 hold over every order of messages, crashes, pauses and outages that is tried", async () => {
    const stage = await createStage(mode);
    const chunk = { mode, seed: 20_261_125, sequences, shrinks: true };
    const { summary, failure } = await runChunk(stage, chunk);
    // Not `toBeUndefined`: what was found is to be read, and to be replayed.
    expect(failure === undefined ? "" : failureReport(failure)).toBe("");
    expect(summary.sequences).toBe(sequences);
    const { tokenRequests, crashes, pauses, outages, reconnects } = summary.counts;
    for (const count of [tokenRequests, crashes, pauses, outages, reconnects]) expect(count).toBeGreaterThan(0);
  });
});

test("T5 a sequence that is played twice goes the very same way, whatever the random bytes are", async () => {
  const plans: readonly Plan[] = fc.sample(plansOf(undefined), { seed: 7, numRuns: 25 });
  for (const mode of rotationModes) {
    const [first, second] = [await createStage(mode), await createStage(mode)];
    for (const plan of plans) {
      const played = await simulate(first, plan, { withTimeline: true });
      const again = await simulate(second, plan, { withTimeline: true });
      expect(played.timeline.length).toBeGreaterThan(10);
      expect(again.timeline).toEqual(played.timeline);
      expect(again.steps).toBe(played.steps);
    }
  }
});
