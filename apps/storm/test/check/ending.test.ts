import { describe, expect, test } from "vitest";
import { check, type InvariantId } from "../../src/check/index.ts";
import type { History, KillPoint, RotationKind } from "../../src/history/history.ts";
import { type Story, tell } from "./story.ts";

function broken(history: History): readonly InvariantId[] {
  return [...new Set(check(history).violations.map(({ invariant }) => invariant))];
}

/** A kill at a point of a refresh, and what the next process finds `recovery` says. */
function killed(point: KillPoint, rotation: RotationKind, recovery: "refused" | "issued"): Story {
  const story = tell(rotation);
  story.consent("0", "con", 0);
  const until = ({ "after-provider-commit": "sent", "after-response": "received", "after-commit": "settled" } as const)[
    point as "after-response"
  ];
  const withheld = point === "before-release" ? ({ outcome: "withheld", detail: "503" } as const) : {};
  const request =
    point === "before-send"
      ? unsent(story)
      : story.refresh("1.1", "con", 3_000, { until: until ?? "received", ...withheld });
  story.kill({ process: "1.1", at: 3_017, point, connection: "con", request });
  const patience = rotation === "strict" || point === "after-commit" ? 6_100 : 3_100;
  story.refresh("2.1", "con", 3_000 + patience, recovery === "refused" ? { outcome: "refused" } : {});
  return story;
}

/** The process has written down that it sends, and dies: nothing reaches the provider. */
function unsent(story: Story): string {
  story.refresh("1.1", "con", 3_000, { until: "leased" });
  const sent = { flow: 800, request: "1.1-unsent", connection: "con", presented: "con-r1" };
  story.write("1.1", { kind: "sent", at: 3_002_000, ...sent });
  return "1.1-unsent";
}

describe("I2 in the end every grant that was not revoked can refresh", () => {
  test("a refreshed one, and one that ended and was found out", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.consent("0", "gone", 0);
    story.userEnd({ at: 2_000, by: "user", refresh: "gone-r1" });
    story.refresh("1.1", "gone", 3_000, { outcome: "refused" });
    story.final({ connection: "con", outcome: "refreshed", reason: undefined });
    story.final({ connection: "gone", outcome: "ended", reason: "revoked" });
    expect(check(story.history())).toMatchObject({ violations: [], losses: [] });
  });

  test("an error in the end is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.final({ connection: "con", outcome: "lease_timeout", reason: undefined });
    expect(broken(story.history())).toEqual(["I2"]);
  });

  test("a row that is gone though nobody deleted it is caught", () => {
    const gone = (deleted: boolean): readonly InvariantId[] => {
      const story = tell();
      story.consent("0", "con", 0);
      story.consent("0", "other", 0);
      if (deleted) story.write("1.1", { kind: "deleting", at: 5_000_000, call: 900, connection: "con", version: 1 });
      return broken(story.history({ final: [{ connection: "other", outcome: "refreshed", reason: undefined }] }));
    };
    expect(gone(true)).toEqual([]);
    expect(gone(false)).toEqual(["I2"]);
  });
});

describe("I6 needs_reauthorization if and only if the provider has really ended the grant", () => {
  test("ended after a refusal", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.userEnd({ at: 2_000, by: "user", refresh: "con-r1" });
    story.refresh("1.1", "con", 3_000, { outcome: "refused" });
    story.write("1.1", { kind: "ended", at: 3_020_000, connection: "con", reason: "revoked" });
    const told = { connection: "con", code: "reauthorization_required" };
    story.write("2.1", { kind: "told", at: 3_030_000, since: 3_025_000, ...told });
    expect(check(story.history())).toMatchObject({ violations: [], losses: [] });
  });

  test("ended though the provider had refused nothing is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.userEnd({ at: 2_000, by: "user", refresh: "con-r1" });
    story.refresh("1.1", "con", 3_000, { stores: { state: "needs_reauthorization" } });
    expect(broken(story.history())).toContain("I6");
  });

  test("ended though the provider would take the stored refresh token is caught", () => {
    const story = tell("untilUsed");
    story.consent("0", "con", 0);
    story.userEnd({ at: 2_000, by: "user", refresh: "con-r1" });
    story.refresh("1.1", "con", 3_000, { outcome: "refused", alive: ["con-r1"] });
    expect(broken(story.history())).toEqual(["I6"]);
  });

  test("a caller that was told so of a grant that is alive is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const told = { connection: "con", code: "reauthorization_required" };
    story.write("2.1", { kind: "told", at: 3_030_000, since: 3_025_000, ...told });
    expect(broken(story.history())).toEqual(["I6"]);
  });

  test("after a new consent the old news may be told from memory, and only for a while", () => {
    const toldAt = (since: number): readonly InvariantId[] => {
      const story = tell();
      story.consent("0", "con", 0);
      story.userEnd({ at: 2_000, by: "user", refresh: "con-r1" });
      story.refresh("1.1", "con", 3_000, { outcome: "refused" });
      story.consent("2.1", "con", 4_000);
      story.write("1.1", {
        kind: "told",
        at: since + 1_000,
        since,
        connection: "con",
        code: "reauthorization_required",
      });
      return broken(story.history());
    };
    expect(toldAt(4_900_000)).toEqual([]);
    expect(toldAt(5_100_000)).toEqual(["I6"]);
  });

  test("an event before the ending was stored is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.userEnd({ at: 2_000, by: "user", refresh: "con-r1" });
    story.refresh("1.1", "con", 3_000, { outcome: "refused" });
    story.write("1.1", { kind: "ended", at: 3_012_000, connection: "con", reason: "revoked" });
    expect(broken(story.history())).toEqual(["I6"]);
  });
});

describe("I8 a crash loses nothing but in the window, and there it is found out", () => {
  test.each(["before-send", "after-commit", "before-release"] as const)("a kill %s loses nothing", (point) => {
    for (const rotation of ["strict", "grace", "untilUsed", "none"] as const) {
      expect(check(killed(point, rotation, "issued").history())).toMatchObject({ violations: [], losses: [] });
    }
  });

  test.each(["before-send", "after-commit", "before-release"] as const)("a loss by a kill %s is caught", (point) => {
    const verdict = check(killed(point, "strict", "refused").history());
    expect(verdict.violations.map(({ invariant }) => invariant)).toContain("I8");
    expect(verdict.losses).toMatchObject([{ cause: undefined }]);
  });

  test.each(["after-provider-commit", "after-response"] as const)(
    "a kill %s loses nothing but under strict",
    (point) => {
      expect(check(killed(point, "grace", "issued").history())).toMatchObject({ violations: [], losses: [] });
      const strict = check(killed(point, "strict", "refused").history({ reuseDetected: 1 }));
      expect(strict).toMatchObject({ violations: [], losses: [{ cause: `killed-${point}` }] });
      expect(broken(killed(point, "grace", "refused").history({ reuseDetected: 1 }))).toContain("I8");
    },
  );

  test("a loss that was not found out, or under another name, is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const request = story.refresh("1.1", "con", 3_000, { until: "received" });
    story.kill({ process: "1.1", at: 3_012, point: "after-response", connection: "con", request });
    expect(broken(story.history())).toEqual(["I8"]);
    const misnamed = killed("after-response", "strict", "refused");
    misnamed.write("2.1", { kind: "ended", at: 9_120_000, connection: "con", reason: "revoked" });
    expect(broken(misnamed.history({ reuseDetected: 1 }))).toEqual(["I8"]);
    misnamed.consent("3.1", "con", 10_000);
    expect(broken(misnamed.history({ reuseDetected: 1 }))).toEqual(["I8"]);
  });

  test("a consent or a disconnect makes it nobody's business", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const request = story.refresh("1.1", "con", 3_000, { until: "received" });
    story.kill({ process: "1.1", at: 3_012, point: "after-response", connection: "con", request });
    story.consent("2.1", "con", 5_000);
    expect(check(story.history())).toMatchObject({ violations: [], losses: [] });
  });
});

describe("losses", () => {
  test("a grant that ended without a cause is lost, and not in the window", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000, { outcome: "refused" });
    expect(check(story.history()).losses).toMatchObject([{ cause: undefined }]);
  });

  test.each([
    ["stopped", { pauses: [{ process: "1.1", kind: "stopped", from: 3_005_000, to: 12_000_000 }] }],
    ["killed-at-random", { kills: [{ process: "1.1", at: 3_012_000, point: "random" }] }],
    ["response-dropped", { faults: [{ between: "provider", fault: "loseResponse", from: 3_000_000, to: 3_500_000 }] }],
    ["response-cut", { faults: [{ between: "provider", fault: "cut", from: 3_000_000, to: 3_500_000 }] }],
    ["timed-out", {}],
  ] as const)("%s is named as the cause", (cause, change) => {
    const story = tell();
    story.consent("0", "con", 0);
    const request = story.refresh("1.1", "con", 3_000, { until: "sent" });
    if (cause !== "killed-at-random")
      story.write("1.1", { kind: "unanswered", at: 4_002_000, request, why: "timed-out" });
    story.refresh("2.1", "con", 9_100, { outcome: "refused" });
    const verdict = check(story.history({ reuseDetected: 1, ...(change as unknown as Partial<History>) }));
    expect(verdict).toMatchObject({ violations: [], losses: [{ cause }] });
  });

  test("an answer that was stored too late, when its grant had ended for the recovery, is lost by the same cause", () => {
    const late = (pauses: History["pauses"]): History => {
      const story = tell();
      story.consent("0", "con", 0);
      const row = { ...story.rows.get("con") };
      story.refresh("1.1", "con", 3_000, { settled: "superseded", receives: 12_000, until: "settled" });
      Object.assign(story.rows.get("con") ?? {}, row, { fence: 1 });
      const recovery = story.refresh("2.1", "con", 9_100, { outcome: "refused", until: "received" });
      story.kill({ process: "2.1", at: 9_112, point: "random", connection: undefined, request: recovery });
      const { flow } = sentBy(story.history(), "1.1");
      const from = { grantId: "con-g1", version: 1, fence: 3 };
      const to = { grantId: "con-g1", version: 2, state: "active", key: "k:con-r2" } as const;
      story.write("1.1", { kind: "committing", at: 12_010_000, call: 900, flow, connection: "con", from, to });
      story.write("1.1", { kind: "settled", at: 12_011_000, call: 900, outcome: "committed" });
      Object.assign(story.rows.get("con") ?? {}, to, { fence: 3 });
      story.refresh("3.1", "con", 15_100, { outcome: "refused" });
      return story.history({ reuseDetected: 1, pauses });
    };
    const stopped = late([{ process: "1.1", kind: "stopped", from: 3_005_000, to: 11_999_000 }]);
    expect(check(stopped)).toMatchObject({ violations: [], losses: [{ cause: "stopped" }] });
    expect(broken(late([]))).toContain("I1");
    expect(check(late([])).losses).toMatchObject([{ cause: undefined }]);
  });

  test("a connection that broke while no fault was at work explains nothing", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const request = story.refresh("1.1", "con", 3_000, { until: "sent" });
    story.write("1.1", { kind: "unanswered", at: 3_012_000, request, why: "broken" });
    story.refresh("2.1", "con", 9_100, { outcome: "refused" });
    expect(check(story.history({ reuseDetected: 1 })).losses).toMatchObject([{ cause: undefined }]);
  });

  /** The store fails at `failedAt`, and another process asks again. */
  function unreachable(failedAt: number): { readonly story: Story; readonly request: string } {
    const story = tell();
    story.consent("0", "con", 0);
    const row = { ...story.rows.get("con") };
    const request = story.refresh("1.1", "con", 3_000, { settled: "failed", until: "settled", receives: failedAt - 4 });
    Object.assign(story.rows.get("con") ?? {}, row, { fence: 1 });
    story.refresh("2.1", "con", 9_100, { outcome: "refused" });
    return { story, request };
  }

  test("a store that failed when others had taken over is named as the cause", () => {
    const { story } = unreachable(9_050);
    expect(check(story.history({ reuseDetected: 1 })).losses).toMatchObject([{ cause: "store-unreachable" }]);
  });

  test("what the journal had time to keep is not lost by a store that fails, or a kill or a stop after that", () => {
    const { story, request } = unreachable(3_500);
    expect(check(story.history({ reuseDetected: 1 })).losses).toMatchObject([{ cause: undefined }]);
    story.pause({ process: "1.1", kind: "stopped", from: 4_600, to: 12_000 });
    expect(check(story.history({ reuseDetected: 1 })).losses).toMatchObject([{ cause: undefined }]);
    story.kill({ process: "1.1", at: 4_600, point: "random", connection: undefined, request });
    expect(check(story.history({ reuseDetected: 1 })).losses).toMatchObject([{ cause: undefined }]);
  });

  test("what a kill right after the store has failed takes along is in the window", () => {
    const { story, request } = unreachable(3_500);
    story.kill({ process: "1.1", at: 3_600, point: "random", connection: undefined, request });
    expect(check(story.history({ reuseDetected: 1 })).losses).toMatchObject([{ cause: "killed-at-random" }]);
  });
});

test("a history with holes is refused", () => {
  const story = tell();
  story.consent("0", "con", 0);
  story.refresh("1.1", "con", 3_000);
  const whole = story.history();
  const processes = whole.processes.filter(({ process }) => process !== "1.1");
  expect(() => check({ ...whole, processes })).toThrow("Nobody wrote down");
});

test("the delay of a commit is measured from the answer's last byte", () => {
  const story = tell();
  story.consent("0", "con", 0);
  story.refresh("1.1", "con", 3_000);
  expect(check(story.history()).commitDelays.filter((delay) => delay > 1_000)).toEqual([4_000]);
});

function sentBy({ processes }: History, process: string): { readonly flow: number } {
  const { events = [] } = processes.find((history) => history.process === process) ?? {};
  const sent = events.findLast((event) => event.kind === "sent");
  if (sent?.kind !== "sent") throw new Error(`${process} has sent nothing.`);
  return sent;
}
