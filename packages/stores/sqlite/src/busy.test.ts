import { expect, test } from "vitest";
import { createTurns } from "./busy.ts";

test("F7 operations that follow one another leave the event loop its turns", async () => {
  const turns = createTurns(1_000);
  let loopHasRun = false;
  setImmediate(() => {
    loopHasRun = true;
  });
  // Each await alone would let nothing else of the process run.
  for (let count = 0; !loopHasRun && count < 10_000_000; count++) await turns.run(() => count);
  expect(loopHasRun).toBe(true);
});

test("F7 an operation that nobody is ahead of runs before its caller goes on", async () => {
  const turns = createTurns(1_000);
  const order: string[] = [];
  const done = turns.run(() => order.push("operation"));
  order.push("caller");
  await done;
  expect(order).toEqual(["operation", "caller"]);
});
