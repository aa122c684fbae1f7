import { expect, test } from "vitest";
import { asked, beginning, found, invariantsOf, type Line, leased, sent, stored } from "../test/history.ts";

const onTheirWay = [
  ...beginning,
  asked,
  leased(1, 115),
  sent(1, 115, 10, "a1"),
  leased(2, 116, found(1)),
  sent(2, 116, 11, "a1"),
];

test("I4 two token requests of one connection are not on their way at once", () => {
  expect(invariantsOf(onTheirWay, { mode: "until-used" })).toEqual(["I4"]);
});

test("I4 a process that stands still is excused", () => {
  const still: Line = [115, { kind: "paused", life: 1 }];
  const [first, ...rest] = [...onTheirWay].reverse();
  const excused = [...rest.reverse(), still, ...(first === undefined ? [] : [first])];
  expect(invariantsOf(excused, { mode: "until-used" })).toEqual([]);
});

test("I4 a backup is excused that was restored shortly before", () => {
  const restored = (at: number): Line => [at, { kind: "restored", ...stored("a1", 1) }];
  const [head, tail] = [onTheirWay.slice(0, beginning.length), onTheirWay.slice(beginning.length)];
  expect(invariantsOf([...head, restored(60), ...tail], { mode: "until-used" })).toEqual([]);
  expect(invariantsOf([...head, restored(50), ...tail], { mode: "until-used" })).toEqual(["I4"]);
});

test("I4 nothing is sent without a lease", () => {
  expect(invariantsOf([...beginning, asked, sent(1, 115, 10, "a1")])).toEqual(["I4"]);
});
