import { expect, test } from "vitest";
import { createRandom } from "../src/random.ts";

test("the same seed gives the same choices, another one gives others", () => {
  const draw = (seed: number): readonly number[] => Array.from({ length: 20 }, createRandom(seed).next);
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  expect(createRandom(1).fork("a").next()).toBe(createRandom(1).fork("a").next());
  expect(createRandom(1).fork("a").next()).not.toBe(createRandom(1).fork("b").next());
});

test("choices are spread over all that there is", () => {
  const random = createRandom(7);
  const counts = [0, 0, 0, 0, 0];
  for (let index = 0; index < 10_000; index++) {
    const choice = random.below(5);
    counts[choice] = (counts[choice] ?? 0) + 1;
  }
  for (const count of counts) expect(count).toBeGreaterThan(1_800);
  expect(random.shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4]);
});
