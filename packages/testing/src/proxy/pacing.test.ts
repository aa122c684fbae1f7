import { expect, test } from "vitest";
import { bandwidth, hold, latency, type Pacing, slice, slowClose } from "./pacing.ts";
import { seeded } from "./seeded.ts";

const never = { dueAt: Number.NEGATIVE_INFINITY, passedAt: Number.NEGATIVE_INFINITY };

test("latency adds its delay, give or take the jitter, and never makes anything earlier than it came", () => {
  const plain = latency({ kind: "latency", delayMs: 30 }, () => 0.9);
  expect(plain({ kind: "data", size: 7, arrivedAt: 100 }, never)).toEqual({ size: 7, dueAt: 130 });
  expect(plain({ kind: "end", size: 0, arrivedAt: 100 }, never)).toEqual({ size: 0, dueAt: 130 });
  const earliest = latency({ kind: "latency", delayMs: 30, jitterMs: 10 }, () => 0);
  expect(earliest({ kind: "data", size: 7, arrivedAt: 100 }, never).dueAt).toBe(120);
  const wide = latency({ kind: "latency", delayMs: 30, jitterMs: 50 }, () => 0);
  expect(wide({ kind: "data", size: 7, arrivedAt: 100 }, never).dueAt).toBe(100);
  const random = seeded(0.3);
  const drawn = latency({ kind: "latency", delayMs: 30, jitterMs: 10 }, random);
  const delays = Array.from({ length: 200 }, () => drawn({ kind: "data", size: 1, arrivedAt: 0 }, never).dueAt);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(20);
  expect(Math.max(...delays)).toBeLessThanOrEqual(40);
  expect(new Set(delays).size).toBeGreaterThan(100);
});

test("bandwidth lets bytes pass at its rate, however they come", () => {
  for (const bytesPerSecond of [1, 49, 1000, 1_000_000]) {
    for (const size of [1, 3, 40]) {
      const parts = run(bandwidth({ kind: "bandwidth", bytesPerSecond }), [
        { kind: "data", size, arrivedAt: 0 },
        { kind: "data", size: 5, arrivedAt: 0 },
        { kind: "end", size: 0, arrivedAt: 0 },
      ]);
      expect(parts.reduce((sum, part) => sum + part.size, 0)).toBe(size + 5);
      expect(parts.at(-1)?.dueAt).toBeCloseTo(((size + 5) * 1000) / bytesPerSecond, 6);
    }
  }
});

test("bandwidth that was not used is not saved up", () => {
  const parts = run(bandwidth({ kind: "bandwidth", bytesPerSecond: 50 }), [
    { kind: "data", size: 1, arrivedAt: 0 },
    { kind: "data", size: 2, arrivedAt: 10_000 },
  ]);
  expect(parts).toEqual([
    { size: 1, dueAt: 20 },
    { size: 1, dueAt: 10_020 },
    { size: 1, dueAt: 10_040 },
  ]);
});

test("slices have their size, give or take the jitter, and their delay between them", () => {
  const plain = run(
    slice({ kind: "slice", bytes: 4, delayMs: 5 }, () => 0.5),
    [
      { kind: "data", size: 9, arrivedAt: 100 },
      { kind: "end", size: 0, arrivedAt: 101 },
    ],
  );
  expect(plain.map(({ size }) => size)).toEqual([4, 4, 1, 0]);
  expect(plain.map(({ dueAt }) => dueAt).slice(0, 3)).toEqual([100, 105, 110]);
  const varied = run(slice({ kind: "slice", bytes: 4, jitterBytes: 3, delayMs: 0 }, seeded(0.7)), [
    { kind: "data", size: 1000, arrivedAt: 0 },
  ]);
  const sizes = varied.slice(0, -1).map(({ size }) => size);
  expect(new Set(sizes)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
  expect(varied.reduce((sum, { size }) => sum + size, 0)).toBe(1000);
});

test("a slow close delays ends alone, and a hold everything", () => {
  const slow = slowClose({ kind: "slowClose", delayMs: 50 });
  expect(slow({ kind: "data", size: 3, arrivedAt: 10 }, never)).toEqual({ size: 3, dueAt: 10 });
  for (const kind of ["end", "close"] as const) {
    expect(slow({ kind, size: 0, arrivedAt: 10 }, never)).toEqual({ size: 0, dueAt: 60 });
  }
  expect(slow({ kind: "reset", size: 0, arrivedAt: 10 }, never).dueAt).toBe(10);
  expect(hold()({ kind: "data", size: 3, arrivedAt: 10 }, never).dueAt).toBe(Number.POSITIVE_INFINITY);
});

/** Lets everything pass exactly when it is due. */
function run(pacing: Pacing, pieces: readonly Parameters<Pacing>[0][]): readonly ReturnType<Pacing>[] {
  const parts: ReturnType<Pacing>[] = [];
  let last = never;
  for (const piece of pieces) {
    let left = piece.size;
    do {
      const part = pacing({ ...piece, size: left }, last);
      parts.push(part);
      left -= part.size;
      last = { dueAt: part.dueAt, passedAt: part.dueAt };
    } while (left > 0);
  }
  return parts;
}
