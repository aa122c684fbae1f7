import { expect, test } from "vitest";
import type { StoredGrant } from "../history.ts";
import {
  closed,
  commit,
  found,
  invariantsOf,
  judge,
  type Line,
  leased,
  parents,
  presented,
  refreshed,
  sent,
  stored,
  wholeRefresh,
} from "../test/history.ts";

const lastAnswer = (stored: StoredGrant | undefined, code: string | undefined, dead?: "spent" | "user") => ({
  ...{ process: 0, account: 0, askedAt: 115_000, stored, dead },
  ...(code === undefined ? { accessToken: "at" } : { code }),
});

test("I2 a grant that is good must answer in the end", () => {
  const good = stored("a2", 2);
  expect(invariantsOf(wholeRefresh, { parents, answers: [lastAnswer(good, undefined)] })).toEqual([]);
  expect(invariantsOf(wholeRefresh, { parents, answers: [lastAnswer(good, "lease_timeout")] })).toEqual(["I2"]);
});

test("I2 a row goes only by a disconnect", () => {
  const wish: Line = [
    116,
    { kind: "called", call: 2, life: 1, account: 0, purpose: "disconnect", rejected: undefined },
  ];
  const gone: Line = [116, { kind: "deleted", life: 1, account: 0 }];
  expect(invariantsOf([...wholeRefresh, wish, gone], { parents })).toEqual([]);
  expect(invariantsOf([...wholeRefresh, gone], { parents })).toEqual(["I2"]);
});

test("I2 a refresh token that nobody saved, and nothing kept from it, is a loss", () => {
  expect(invariantsOf(refreshed, { dead: { a1: "spent" } })).toEqual(["I2"]);
});

test("I2 a process that could reach its store again must have saved what it has", () => {
  const away = (at: number): Line => [at, { kind: "hindered", life: 1, until: at * 1000 }];
  const recovery = [leased(2, 127, found(12)), sent(2, 127, 11, "a1"), presented(127, 11, undefined, true)];
  const ended = [closed(127, 11, "refused"), commit(2, 127, stored("a1", 2, { ended: "rotation_response_lost" }))];
  const world = { dead: { a1: "reuse" } } as const;
  expect(judge([...refreshed, away(126), ...recovery, ...ended], world).losses).toEqual(["store outage"]);
  expect(invariantsOf([...refreshed, away(126), ...recovery, ...ended], world)).toEqual([]);
  expect(invariantsOf([...refreshed, away(116), ...recovery, ...ended], world)).toEqual(["I1", "I2"]);
});

test("I8 a crash after the commit, or under a rotation that leaves a way, loses nothing", () => {
  const crash: Line = [116, { kind: "died", life: 1, closed: false }];
  expect(judge([...refreshed, crash], { dead: { a1: "spent" } }).losses).toEqual(["crash"]);
  expect(invariantsOf([...refreshed, crash], { mode: "until-used", dead: { a1: "spent" } })).toEqual(["I8"]);
  const committed = [...wholeRefresh, crash];
  expect(invariantsOf(committed, { parents, dead: { a2: "spent" } })).not.toEqual([]);
});

test("I8 what lies in the journal of a host is not spent again there", () => {
  const note = { attemptId: "try-1", spent: "a1", received: "a2" };
  const crashed: readonly Line[] = [
    ...refreshed,
    [116, { kind: "journalled", life: 1, host: 0, ...note }],
    [117, { kind: "died", life: 1, closed: false }],
  ];
  expect(invariantsOf([...crashed, leased(2, 130, found(15)), sent(2, 130, 11, "a1")])).toEqual(["I8"]);
  expect(invariantsOf([...crashed, leased(3, 130, found(15)), sent(3, 130, 11, "a1")])).toEqual([]);
  const applied: Line = [118, { kind: "unjournalled", host: 0, attemptId: "try-1" }];
  expect(invariantsOf([...crashed, applied, leased(2, 130, found(15)), sent(2, 130, 11, "a1")])).toEqual([]);
});
