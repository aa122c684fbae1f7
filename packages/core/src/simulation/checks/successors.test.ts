import { expect, test } from "vitest";
import {
  beginning,
  closed,
  commit,
  fresh,
  invariantsOf,
  type Line,
  leased,
  parents,
  refreshed,
  sent,
  stored,
  wholeRefresh,
} from "../test/history.ts";

test("I3 versions rise", () => {
  expect(invariantsOf([...refreshed, commit(1, 115, stored("a2", 1, fresh))], { parents })).toEqual(["I3"]);
});

test("I3 a refresh token comes of the one that it replaces", () => {
  const onward = [...wholeRefresh, commit(2, 116, stored("a1", 3, fresh))];
  expect(invariantsOf(onward, { parents })).toEqual(["I3"]);
});

test("I3 beside a refresh token that stays no access token is followed by one that was given before it", () => {
  const request = (id: number, at: number, accessToken: string): readonly Line[] => [
    leased(id, at),
    sent(id, at, id, "a1"),
    [at, { kind: "presented", request: id, reuse: false, issued: { accessToken, refreshToken: "a1" } }],
    closed(at, id, "tokens"),
  ];
  const both = [...beginning, ...request(1, 115, "first"), ...request(2, 116, "second")];
  const kept = (version: number, accessToken: string): Line =>
    commit(1, 117, stored("a1", version, { ...fresh, accessToken }));
  expect(invariantsOf([...both, kept(2, "first"), kept(3, "second")], { mode: "none" })).not.toContain("I3");
  expect(invariantsOf([...both, kept(2, "second"), kept(3, "first")], { mode: "none" })).toContain("I3");
});

test("I3 a consent brings a refresh token of its own, once", () => {
  const consent = commit(1, 116, stored("b1", 3, { grantId: "other", ...fresh }));
  expect(invariantsOf([...wholeRefresh, consent], { parents })).toEqual([]);
  const back = commit(2, 117, stored("a1", 4, { grantId: "third", ...fresh }));
  expect(invariantsOf([...wholeRefresh, consent, back], { parents })).toEqual(["I3"]);
  const kept = commit(1, 116, stored("b1", 3, fresh));
  expect(invariantsOf([...wholeRefresh, kept], { parents })).toEqual(["I3"]);
});

test("I3 a restored backup is excused until a consent has replaced it", () => {
  const restored: Line = [116, { kind: "restored", ...stored("a1", 1) }];
  const older = commit(1, 117, stored("a2", 2, fresh));
  expect(invariantsOf([...wholeRefresh, restored, older], { parents })).toEqual([]);
  const consent = commit(2, 117, stored("b1", 2, { grantId: "other", ...fresh }));
  expect(invariantsOf([...wholeRefresh, restored, consent], { parents })).toEqual([]);
  const over = commit(1, 118, stored("a2", 3, fresh));
  expect(invariantsOf([...wholeRefresh, restored, consent, over], { parents })).toEqual(["I3"]);
});
