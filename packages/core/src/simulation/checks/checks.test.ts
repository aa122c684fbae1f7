import { describe, expect, test } from "vitest";
import type { StoredGrant } from "../history.ts";
import { rotationModes } from "../provider.ts";
import {
  asked,
  beginning,
  closed,
  commit,
  invariantsOf,
  judge,
  type Line,
  leased,
  presented,
  sent,
  stored,
} from "../test/history.ts";

const fresh = { obtainedAt: 115_000, expiresAt: 235_000 };
const parents = { a2: "a1", a3: "a2" };
const found = (ageSeconds: number) => ({ attemptId: "try-1", ageMs: ageSeconds * 1000 });
const told = (code: "reauthorization_required" | "lease_timeout", at: number): Line => [
  at,
  { kind: "threw", call: 1, code },
];

/** The first process refreshes, up to and without the commit. */
const refreshed: readonly Line[] = [
  ...beginning,
  asked,
  leased(1, 115),
  sent(1, 115, 10, "a1"),
  presented(115, 10, "a2"),
  closed(115, 10, "tokens"),
];

const wholeRefresh: readonly Line[] = [
  ...refreshed,
  commit(1, 115, stored("a2", 2, fresh)),
  [115, { kind: "returned", call: 1, accessToken: "at-a2" }],
];

/** The first process's answer is lost, and the second one recovers after so many seconds. */
function recovered(seconds: number, dead: "reuse" | "spent" = "reuse"): readonly Line[] {
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
    presented(at, 11, undefined, dead === "reuse"),
    closed(at, 11, "refused"),
    commit(2, at, stored("a1", 2, { ended: "rotation_response_lost" })),
  ];
}

test.for(rotationModes)("a refresh that goes well breaks nothing under %s", (mode) => {
  expect(invariantsOf(wholeRefresh, { mode, parents })).toEqual([]);
});

describe("reuse", () => {
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
});

describe("losses", () => {
  const lastAnswer = (stored: StoredGrant | undefined, code: string | undefined, dead?: "spent" | "user") => ({
    ...{ process: 0, account: 0, stored, dead },
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
});

describe("what is stored", () => {
  test("I3 versions rise", () => {
    expect(invariantsOf([...refreshed, commit(1, 115, stored("a2", 1, fresh))], { parents })).toEqual(["I3"]);
  });

  test("I3 a refresh token comes of the one that it replaces", () => {
    const onward = [...wholeRefresh, commit(2, 116, stored("a1", 3, fresh))];
    expect(invariantsOf(onward, { parents })).toEqual(["I3"]);
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

  test("I5 an access token is given away after its commit", () => {
    const early: Line = [115, { kind: "returned", call: 1, accessToken: "at-a2" }];
    expect(invariantsOf([...refreshed, early])).toEqual(["I5"]);
  });
});

describe("overlaps", () => {
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

  test("I4 nothing is sent without a lease", () => {
    expect(invariantsOf([...beginning, asked, sent(1, 115, 10, "a1")])).toEqual(["I4"]);
  });
});

describe("ends", () => {
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
});

describe("budget", () => {
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
    const another: Line = [
      115,
      { kind: "called", call: 2, life: 2, account: 0, purpose: "token", rejected: undefined },
    ];
    expect(invariantsOf([...beginning, asked, another, ...attempts])).toEqual([]);
  });
});
