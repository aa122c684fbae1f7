import { describe, expect, test } from "vitest";
import { createLocks } from "./locks.ts";

describe("createLocks", () => {
  test("D1 runs tasks of one key one after another, in the order in which they came", async () => {
    const locks = createLocks();
    const steps: string[] = [];
    const task = (name: string) => async () => {
      steps.push(`${name} begins`);
      await Promise.resolve();
      await new Promise(setImmediate);
      steps.push(`${name} ends`);
    };
    await Promise.all(["a", "b", "c"].map((name) => locks.run("key", task(name))));
    expect(steps).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  test("D1 runs tasks of different keys side by side", async () => {
    const locks = createLocks();
    const other = Promise.withResolvers<string>();
    const one = locks.run("one", () => other.promise);
    await locks.run("other", async () => other.resolve("from the other"));
    expect(await one).toBe("from the other");
  });

  test("gives each caller its own result", async () => {
    const locks = createLocks();
    expect(await Promise.all([1, 2, 3].map((number) => locks.run("key", async () => number)))).toEqual([1, 2, 3]);
  });

  test("a task that fails disturbs none behind it", async () => {
    const locks = createLocks();
    const failed = locks.run("key", async () => {
      throw new Error("failed");
    });
    const next = locks.run("key", async () => "next");
    await expect(failed).rejects.toThrow("failed");
    expect(await next).toBe("next");
  });

  test("D9 is idle when nothing runs, and not before, also for what came while it waited", async () => {
    const locks = createLocks();
    await locks.idle();
    const first = Promise.withResolvers<void>();
    const second = Promise.withResolvers<void>();
    let ended = 0;
    void locks.run("one", () => first.promise).then(() => ended++);
    const idle = locks.idle().then(() => ended);
    void locks.run("two", () => second.promise).then(() => ended++);
    first.resolve();
    await new Promise(setImmediate);
    second.resolve();
    expect(await idle).toBe(2);
  });

  test("D9 is idle after a task that failed", async () => {
    const locks = createLocks();
    const failed = locks.run("key", async () => {
      throw new Error("failed");
    });
    await locks.idle();
    await expect(failed).rejects.toThrow("failed");
  });
});
