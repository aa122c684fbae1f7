import fc from "fast-check";
import { expect, test } from "vitest";
import { plansOf } from "./plans.ts";
import { rotationModes } from "./provider.ts";
import { runChunk } from "./runner.ts";
import { createStage, simulate } from "./simulate.ts";

const sequences = 350;

test.for(rotationModes)("T5 F4 F5 F6 F10 F13 D4 D5 D6 every invariant holds over %s", async (mode) => {
  const { summary, failure } = await runChunk(await createStage(mode), {
    mode,
    seed: 20_261,
    sequences,
    shrinks: true,
  });
  expect(failure && { ...failure, timeline: failure.timeline.join("\n") }).toBeUndefined();
  expect(summary.sequences).toBe(sequences);
  // Or there was nothing to see.
  const { counts } = summary;
  const least = Math.min(counts.crashes, counts.pauses, counts.outages, counts.lostResponses, counts.reconnects);
  expect(least).toBeGreaterThan(0);
  expect(counts.refreshes).toBeGreaterThan(sequences);
});

test("T5 one plan has one timeline, whatever was played before", async () => {
  const stage = await createStage("strict");
  const plans = fc.sample(plansOf(), { seed: 4, numRuns: 20 });
  const timelines = async () => {
    const lines: string[] = [];
    for (const plan of plans) lines.push(...(await simulate(stage, plan, { withTimeline: true })).timeline);
    return lines;
  };
  const first = await timelines();
  expect(first.length).toBeGreaterThan(1_000);
  expect(await timelines()).toEqual(first);
});

test("T5 plans that differ in their order alone are played in different orders", async () => {
  const stage = await createStage("strict");
  const [plan] = fc.sample(plansOf("calm"), { seed: 9, numRuns: 1 });
  if (plan === undefined) throw new Error("no plan");
  const orders = new Set<string>();
  for (let order = 0; order < 5; order++) {
    orders.add((await simulate(stage, { ...plan, order }, { withTimeline: true })).timeline.join("\n"));
  }
  expect(orders.size).toBe(5);
});

test("T5 a sequence that fails is found again by its seed and path, and is as small then", async () => {
  const stage = await createStage("until-used", new Set(["fence in commit"]));
  const chunk = { mode: "until-used", mixture: "stale", seed: 1, sequences: 2_000 } as const;
  const { failure } = await runChunk(stage, { ...chunk, shrinks: true });
  if (failure === undefined) throw new Error("a store that ignores fences went unnoticed");
  const { path } = failure;
  const { failure: again } = await runChunk(stage, { ...chunk, sequences: 1, path, shrinks: false });
  expect(again).toEqual(failure);
  const first = path.split(":", 1).join();
  const { failure: before } = await runChunk(stage, { ...chunk, sequences: 1, path: first, shrinks: false });
  expect(failure.plan.commands.length).toBeLessThan(before?.plan.commands.length ?? 0);
});
