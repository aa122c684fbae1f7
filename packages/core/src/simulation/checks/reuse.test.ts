import { expect, test } from "vitest";
import {
  asked,
  beginning,
  closed,
  commit,
  found,
  fresh,
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

/** The first process's answer is lost, and the second one recovers after so many seconds. */
function recovered(seconds: number): readonly Line[] {
  const at = 115 + seconds;
  return [
    ...beginning,
    asked,
    leased(1, 115),
    sent(1, 115, 10, "a1"),
    presented(115, 10, "a2"),
    closed(117, 10, "unclear", "answer lost"),
    leased(2, at, found(seconds)),
    sent(2, at, 11, "a1"),
    presented(at, 11, undefined, true),
    closed(at, 11, "refused"),
    commit(2, at, stored("a1", 2, { ended: "rotation_response_lost" })),
  ];
}

test("I1 a refresh token is not sent again before the wait of its open intent is over", () => {
  const world = { dead: { a1: "reuse", a2: "reuse" } } as const;
  expect(invariantsOf(recovered(12), world)).toEqual([]);
  expect(judge(recovered(12), world).losses).toEqual(["answer lost"]);
  expect(invariantsOf(recovered(11.9), world)).toEqual(["I1"]);
});

test("I1 a refresh token is not sent again without an open intent", () => {
  const again = [...refreshed, leased(2, 130), sent(2, 130, 11, "a1")];
  expect(invariantsOf(again)).toEqual(["I1"]);
});

test("I1 a request that was not spent may be sent again at once", () => {
  const refused = [...beginning, asked, leased(1, 115), sent(1, 115, 10, "a1"), closed(115, 10, "not spent")];
  expect(invariantsOf([...refused, leased(2, 116), sent(2, 116, 11, "a1")])).toEqual([]);
});

test("I1 an unclear request is repeated under its lease only where the rotation allows it", () => {
  const repeated = [
    ...beginning,
    asked,
    leased(1, 115),
    sent(1, 115, 10, "a1"),
    closed(117, 10, "unclear", "answer lost"),
    sent(1, 117, 11, "a1"),
  ];
  expect(invariantsOf(repeated, { mode: "strict" })).toEqual(["I1"]);
  expect(invariantsOf(repeated, { mode: "until-used" })).toEqual([]);
});

test("I1 the provider sees no spent refresh token again, but in the window", () => {
  const late = [
    ...beginning,
    asked,
    leased(1, 115),
    sent(1, 115, 10, "a1"),
    closed(117, 10, "unclear", "late"),
    leased(2, 127, found(12)),
    sent(2, 127, 11, "a1"),
    presented(127, 11, "a2"),
    closed(127, 11, "tokens"),
    commit(2, 127, stored("a2", 2, fresh)),
  ];
  // It was on its way all the time.
  expect(invariantsOf([...late, presented(140, 10, undefined, true)], { parents })).toEqual([]);
  const prompt = [
    ...wholeRefresh,
    leased(2, 116, found(12)),
    sent(2, 116, 11, "a1"),
    presented(116, 11, undefined, true),
  ];
  expect(invariantsOf(prompt, { parents })).toContain("I1");
});

test("I1 what a restored backup brings back is excused", () => {
  const restored: readonly Line[] = [
    ...wholeRefresh,
    [116, { kind: "restored", ...stored("a1", 1) }],
    leased(2, 117),
    sent(2, 117, 11, "a1"),
    presented(117, 11, undefined, true),
  ];
  expect(invariantsOf(restored, { parents })).toEqual([]);
});
