import { describe, expect, test } from "vitest";
import { check, type InvariantId } from "../../src/check/index.ts";
import type { History } from "../../src/history/history.ts";
import { type Story, tell } from "./story.ts";

function broken(history: History): readonly InvariantId[] {
  return [...new Set(check(history).violations.map(({ invariant }) => invariant))];
}

/** A connection whose token has run out, twice refreshed by different processes. */
function healthy(story: Story): void {
  story.consent("0", "con", 0);
  story.refresh("1.1", "con", 3_000);
  story.refresh("2.1", "con", 6_000);
}

describe("I1 the provider never detects reuse", () => {
  test("each refresh token is presented once", () => {
    const story = tell();
    healthy(story);
    expect(check(story.history())).toMatchObject({ violations: [], refreshes: 2, losses: [] });
  });

  test("an open intent of a killed process is recovered after its time", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const request = story.refresh("1.1", "con", 3_000, { until: "received" });
    story.kill({ process: "1.1", at: 3_012, point: "after-response", connection: "con", request });
    story.refresh("2.1", "con", 9_100, { outcome: "refused" });
    expect(broken(story.history({ reuseDetected: 1 }))).toEqual([]);
  });

  test("recovered before its time it is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const request = story.refresh("1.1", "con", 3_000, { until: "received" });
    story.kill({ process: "1.1", at: 3_012, point: "after-response", connection: "con", request });
    story.refresh("2.1", "con", 8_900, { outcome: "refused" });
    expect(broken(story.history({ reuseDetected: 1 }))).toEqual(["I1"]);
  });

  test("a request that was throttled may be made again at once, one that was answered with 503 may not", () => {
    const again = (detail: string): readonly InvariantId[] => {
      const story = tell();
      story.consent("0", "con", 0);
      story.refresh("1.1", "con", 3_000, { outcome: "withheld", detail });
      story.refresh("1.1", "con", 4_000);
      return broken(story.history());
    };
    expect(again("429")).toEqual([]);
    expect(again("503")).toEqual(["I1"]);
  });

  test("a refresh token whose successor was stored, presented again, is caught", () => {
    const story = tell();
    healthy(story);
    story.refresh("3.1", "con", 9_000, { presents: "con-r1", outcome: "refused", until: "received" });
    expect(broken(story.history({ reuseDetected: 1 }))).toContain("I1");
  });

  test("the same by a process that was stopped until its lease had run out is the window", () => {
    const story = tell();
    story.consent("0", "con", 0);
    // Read before the other one refreshed, and sent long after.
    const row = { ...story.rows.get("con") };
    story.refresh("2.1", "con", 9_100);
    const stored = { ...story.rows.get("con") };
    Object.assign(story.rows.get("con") ?? {}, row);
    story.refresh("1.1", "con", 3_000, { arrives: 12_000, outcome: "refused", until: "received" });
    Object.assign(story.rows.get("con") ?? {}, stored);
    const late = (change: Partial<History>) => broken(story.history({ reuseDetected: 1, ...change }));
    expect(late({ pauses: [{ process: "1.1", kind: "stopped", from: 3_001_000, to: 11_999_000 }] })).toEqual([]);
    expect(late({})).toContain("I1");
  });

  test("a reuse that only the provider knows of is caught", () => {
    const story = tell();
    healthy(story);
    expect(broken(story.history({ reuseDetected: 1 }))).toEqual(["I1"]);
  });

  test("a refusal of what the user has ended is no reuse", () => {
    const story = tell("untilUsed");
    story.consent("0", "con", 0);
    const request = story.refresh("1.1", "con", 3_000, { until: "received" });
    story.kill({ process: "1.1", at: 3_012, point: "after-response", connection: "con", request });
    story.userEnd({ at: 5_000, by: "user", refresh: "con-r1" });
    story.refresh("2.1", "con", 6_100, { outcome: "refused" });
    expect(broken(story.history())).toEqual([]);
  });

  test("without rotation a refresh token may come again, under untilUsed not once it was spent", () => {
    const free = tell("none");
    healthy(free);
    expect(broken(free.history())).toEqual([]);
    const story = tell("untilUsed");
    healthy(story);
    story.refresh("3.1", "con", 9_000, {
      presents: "con-r1",
      outcome: "refused",
      until: "received",
      alive: ["con-r3"],
    });
    expect(broken(story.history({ reuseDetected: 1 }))).toContain("I1");
  });
});

describe("I4 no two refreshes of a grant are at the provider at once", () => {
  function overlapping(story: Story): { readonly first: string; readonly second: string } {
    story.consent("0", "con", 0);
    const row = { ...story.rows.get("con") };
    const first = story.refresh("1.1", "con", 3_000, { arrives: 3_010, leaves: 3_100, until: "sent" });
    Object.assign(story.rows.get("con") ?? {}, row, { fence: 1 });
    const second = story.refresh("2.1", "con", 3_040, { arrives: 3_050, leaves: 3_060 });
    return { first, second };
  }

  test("one after another is right", () => {
    const story = tell("grace");
    healthy(story);
    expect(broken(story.history())).toEqual([]);
  });

  test("two at once are caught", () => {
    const story = tell("grace");
    overlapping(story);
    expect(broken(story.history())).toContain("I4");
  });

  test("of two at once one of a process that was killed is excused", () => {
    const story = tell("grace");
    const { first } = overlapping(story);
    story.kill({ process: "1.1", at: 3_030, point: "random", connection: undefined, request: first });
    expect(broken(story.history())).toEqual([]);
  });

  test("a kill of some other process excuses nothing", () => {
    const story = tell("grace");
    overlapping(story);
    story.consent("3.1", "other", 0);
    story.kill({ process: "3.1", at: 3_030, point: "random", connection: undefined, request: undefined });
    expect(broken(story.history())).toContain("I4");
  });
});

describe("I7 there are no more token requests than needed", () => {
  test("a token that has reached its soft margin may be refreshed", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000);
    story.refresh("2.1", "con", 3_011 + 2_290);
    expect(broken(story.history())).toEqual([]);
  });

  test("a refresh of a fresh token is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000);
    story.refresh("2.1", "con", 3_100);
    expect(broken(story.history())).toEqual(["I7"]);
  });

  test("a request whose answer was dropped without a cause is caught", () => {
    const story = tell("grace");
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000, { until: "received" });
    story.refresh("2.1", "con", 3_500);
    expect(broken(story.history())).toEqual(["I7"]);
  });

  test("where the refresh token stays, one that the store did not take gives way to a later lease's, and to no earlier one's", () => {
    const brokenBy = (fence: number, times: { readonly arrives?: number } = {}): readonly InvariantId[] => {
      const story = tell("none");
      story.consent("0", "con", 0);
      const row = { ...story.rows.get("con") };
      Object.assign(story.rows.get("con") ?? {}, { fence: 1 });
      story.refresh("1.1", "con", 5_000, { settled: "failed", until: "settled", ...times });
      Object.assign(story.rows.get("con") ?? {}, row, { fence });
      story.refresh("2.1", "con", 6_000);
      return broken(story.history());
    };
    expect(brokenBy(2)).toEqual([]);
    // It stood still between its lease and the provider.
    expect(brokenBy(2, { arrives: 7_000 })).toEqual([]);
    expect(brokenBy(0)).toContain("I7");
  });

  test("a retryable answer buys one more request", () => {
    const story = tell("grace");
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000, { outcome: "withheld", detail: "503" });
    story.refresh("1.1", "con", 5_100);
    expect(broken(story.history())).toEqual([]);
  });

  test("what was refused may be asked again where that could not be stored", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const row = { ...story.rows.get("con") };
    story.userEnd({ at: 2_000, by: "user", refresh: "con-r1" });
    story.refresh("1.1", "con", 3_000, { outcome: "refused", settled: "failed" });
    Object.assign(story.rows.get("con") ?? {}, row, { fence: 1 });
    story.refresh("2.1", "con", 9_100, { outcome: "refused" });
    expect(broken(story.history())).toEqual([]);
  });

  test("the same where the row could not be read a second time", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.userEnd({ at: 2_000, by: "user", refresh: "con-r1" });
    story.refresh("1.1", "con", 3_000, { outcome: "refused", until: "received" });
    const [written] = story.history().processes.filter(({ process }) => process === "1.1");
    const leased = written?.events.find((event) => event.kind === "leased");
    const flow = leased?.kind === "leased" ? leased.flow : 0;
    story.write("1.1", { kind: "unreachable", at: 4_000_000, flow });
    story.refresh("2.1", "con", 9_100, { outcome: "refused" });
    expect(broken(story.history())).toEqual([]);
  });

  test("what was sent before the refusal came is not asked again, however late it arrived", () => {
    const story = tell("none");
    story.consent("0", "con", 0);
    story.userEnd({ at: 2_000, by: "user", refresh: "con-r1" });
    const early = { outcome: "refused", until: "sent", arrives: 5_000, leaves: 5_010 } as const;
    story.write("1.1", {
      kind: "unanswered",
      at: 4_001_000,
      request: story.refresh("1.1", "con", 3_000, early),
      why: "timed-out",
    });
    story.refresh("2.1", "con", 4_100, { outcome: "refused" });
    expect(broken(story.history())).toEqual([]);
  });

  test("asking again for what was refused is caught", () => {
    const story = tell("grace");
    story.consent("0", "con", 0);
    story.userEnd({ at: 2_000, by: "user", refresh: "con-r1" });
    story.refresh("1.1", "con", 3_000, { outcome: "refused", until: "received" });
    story.refresh("2.1", "con", 4_000, { outcome: "refused" });
    expect(broken(story.history())).toEqual(["I7"]);
  });

  test("an answer of the provider that is no token response is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000, { outcome: "other", detail: "invalid_client" });
    expect(broken(story.history())).toEqual(["I7"]);
  });
});
