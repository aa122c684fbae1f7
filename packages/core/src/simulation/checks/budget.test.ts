import { expect, test } from "vitest";
import { asked, beginning, closed, invariantsOf, type Line, leased, sent } from "../test/history.ts";

test("I7 a good token is not refreshed", () => {
  const early = [...beginning, leased(1, 90), sent(1, 90, 10, "a1")];
  expect(invariantsOf(early)).toEqual(["I7"]);
  const wanted = (rejected: string | undefined): Line => [
    90,
    { kind: "called", call: 2, life: 1, account: 0, purpose: "token", rejected },
  ];
  expect(invariantsOf([...beginning, wanted("at-a1"), leased(1, 90), sent(1, 90, 10, "a1")])).toEqual([]);
  expect(invariantsOf([...beginning, wanted("at-a0"), leased(1, 90), sent(1, 90, 10, "a1")])).toEqual(["I7"]);
});

test("I7 a lease is good for two requests", () => {
  const unsent = (request: number) => [sent(1, 115, request, "a1"), closed(115, request, "not spent")];
  const twice = [...beginning, asked, leased(1, 115), ...unsent(10), ...unsent(11)];
  expect(invariantsOf(twice)).toEqual([]);
  expect(invariantsOf([...twice, ...unsent(12)])).toEqual(["I7"]);
});

test("I7 a process leaves the provider alone for a while after a failure", () => {
  const again = (at: number) => [
    ...beginning,
    asked,
    leased(1, 115),
    sent(1, 115, 10, "a1"),
    closed(115, 10, "not spent"),
    leased(1, at, undefined, "try-again"),
    sent(1, at, 11, "a1"),
  ];
  expect(invariantsOf(again(117))).toEqual([]);
  expect(invariantsOf(again(116.9))).toEqual(["I7"]);
});

test("I7 all requests together stay within two for each who may ask", () => {
  const attempts = [0, 10, 20, 30].flatMap((seconds) => [
    leased(1, 115 + seconds, undefined, `try-${seconds}`),
    sent(1, 115 + seconds, seconds + 10, "a1"),
    closed(115 + seconds, seconds + 10, "not spent"),
  ]);
  expect(invariantsOf([...beginning, asked, ...attempts])).toEqual(["I7"]);
  const another: Line = [115, { kind: "called", call: 2, life: 2, account: 0, purpose: "token", rejected: undefined }];
  expect(invariantsOf([...beginning, asked, another, ...attempts])).toEqual([]);
});
