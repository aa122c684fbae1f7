import { expect, test } from "vitest";
import {
  asked,
  beginning,
  closed,
  commit,
  found,
  fresh,
  invariantsOf,
  type Line,
  leased,
  parents,
  presented,
  sent,
  stored,
  wholeRefresh,
} from "../test/history.ts";

const told = (code: "reauthorization_required" | "lease_timeout", at: number): Line => [
  at,
  { kind: "threw", call: 1, code },
];

const marked = (ended: "revoked" | "rotation_response_lost") => commit(1, 115, stored("a1", 2, { ended }));
const refused = [
  ...beginning,
  asked,
  leased(1, 115),
  sent(1, 115, 10, "a1"),
  presented(115, 10),
  closed(115, 10, "refused"),
];

test("I6 a row says that a grant has ended only when it has", () => {
  const dead = { a1: "user" } as const;
  expect(invariantsOf([...refused, marked("revoked")], { dead })).toEqual([]);
  expect(invariantsOf([...refused, marked("revoked")])).toEqual(["I6"]);
});

test("I6 an answer is said to be lost only where one may have been", () => {
  expect(invariantsOf([...refused, marked("rotation_response_lost")], { dead: { a1: "user" } })).toEqual(["I6"]);
});

test("I6 it may have been lost with the one that it was given for, where others have sent that again", () => {
  const dead = { a2: "reuse" } as const;
  const ended = commit(2, 117, stored("a2", 3, { ended: "rotation_response_lost" }));
  expect(invariantsOf([...wholeRefresh, ended], { dead, parents })).toContain("I6");
  const both = [...wholeRefresh.slice(0, -2), leased(2, 115, found(0), "try-2"), ...wholeRefresh.slice(-2)];
  expect(invariantsOf([...both, ended], { dead, parents })).not.toContain("I6");
});

test("I6 what was lost is not said to have been revoked", () => {
  const dead = { a1: "reuse" } as const;
  expect(invariantsOf([...refused, marked("revoked")], { dead })).toContain("I6");
  const late = (at: number): readonly Line[] => [...beginning, sent(2, 0, 9, "a0"), presented(at, 9, undefined, true)];
  const after = (at: number) => [...late(at), ...refused.slice(beginning.length), marked("revoked")];
  expect(invariantsOf(after(12), { dead })).toContain("I6");
  expect(invariantsOf(after(12.1), { dead })).not.toContain("I6");
});

test("I6 a caller is told so only when a row has said so", () => {
  const dead = { a1: "user" } as const;
  expect(invariantsOf([...refused, marked("revoked"), told("reauthorization_required", 115)], { dead })).toEqual([]);
  expect(invariantsOf([...refused, told("reauthorization_required", 115)], { dead })).toEqual(["I6"]);
  expect(invariantsOf([...refused, told("lease_timeout", 115)], { dead })).toEqual([]);
});

test("I6 what a process knows is at most as old as its memory allows", () => {
  const consent = commit(2, 116, stored("b1", 3, { grantId: "other", ...fresh }));
  const since = (at: number): readonly Line[] => [
    [at, { kind: "called", call: 2, life: 1, account: 0, purpose: "token", rejected: undefined }],
    [at, { kind: "threw", call: 2, code: "reauthorization_required" }],
  ];
  const history = [...refused, marked("revoked"), consent];
  expect(invariantsOf([...history, ...since(126)], { dead: { a1: "user" } })).toEqual([]);
  expect(invariantsOf([...history, ...since(126.1)], { dead: { a1: "user" } })).toEqual(["I6"]);
});

test("I6 an event says so only after the row", () => {
  const announced: Line = [115, { kind: "announced", life: 1, account: 0, reason: "revoked" }];
  const dead = { a1: "user" } as const;
  expect(invariantsOf([...refused, marked("revoked"), announced], { dead })).toEqual([]);
  expect(invariantsOf([...refused, announced], { dead })).toEqual(["I6"]);
});

test("I6 in the end row, provider and every process say the same", () => {
  const answer = (change: object) => ({
    process: 0,
    account: 0,
    askedAt: 115_000,
    stored: stored("a2", 2),
    dead: undefined,
    ...change,
  });
  const end = (change: object) => invariantsOf(wholeRefresh, { parents, answers: [answer(change)] });
  expect(end({ accessToken: "at-a2" })).toEqual([]);
  expect(end({ accessToken: "at-a2", dead: "user" })).toEqual(["I6"]);
  expect(end({ code: "reauthorization_required", dead: "user" })).toEqual(["I6"]);
  const ended = stored("a2", 2, { ended: "revoked" });
  expect(end({ code: "reauthorization_required", dead: "user", stored: ended })).toEqual([]);
  expect(end({ code: "reauthorization_required", stored: ended })).toEqual(["I2", "I6"]);
});

test("I6 a row that a journal has repaired may have said otherwise when it was asked about", () => {
  const repaired = commit(1, 116, stored("a2", 3, fresh));
  const answer = (askedAt: number) => ({
    ...{ process: 0, account: 0, askedAt, code: "reauthorization_required" },
    ...{ stored: stored("a2", 3), dead: undefined },
  });
  const end = (askedAt: number) =>
    invariantsOf([...refused, marked("revoked"), repaired], {
      ...{ parents, dead: { a1: "user" } },
      answers: [answer(askedAt)],
    });
  expect(end(116_000)).toEqual([]);
  expect(end(116_001)).toEqual(["I2", "I6"]);
});
