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

test("F7 an operation that finds a lock is made again after the event loop's turn, before those behind it", async () => {
  const turns = createTurns(1_000);
  const order: string[] = [];
  let isLocked = true;
  const first = turns.run(() => {
    order.push("first");
    if (isLocked) throw Object.assign(new Error("database is locked"), { errcode: 5 });
  });
  const second = turns.run(() => order.push("second"));
  setImmediate(() => {
    order.push("loop");
    isLocked = false;
  });
  await Promise.all([first, second]);
  expect(order).toEqual(["first", "loop", "first", "second"]);
});

test("F7 what fails otherwise fails at once, and holds up nobody", async () => {
  const turns = createTurns(1_000);
  const failing = (): Promise<unknown> =>
    Promise.resolve().then(() =>
      turns.run(() => {
        throw new Error("disk I/O error");
      }),
    );
  await expect(failing()).rejects.toThrow("disk I/O error");
  expect(await turns.run(() => "next")).toBe("next");
});
