import { describe, expect, test } from "vitest";
import { check, type InvariantId } from "../../src/check/index.ts";
import type { History } from "../../src/history/history.ts";
import { tell } from "./story.ts";

function broken(history: History): readonly InvariantId[] {
  return [...new Set(check(history).violations.map(({ invariant }) => invariant))];
}

describe("I3 versions only rise, and each stored refresh token is the successor of the last", () => {
  test("refreshes and a consent, one after another, are right", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000);
    story.consent("2.1", "con", 4_000);
    story.refresh("1.1", "con", 7_000);
    expect(check(story.history())).toMatchObject({ violations: [], refreshes: 2, reconnects: 1 });
  });

  test("a commit that nobody heard of counts when the version was read", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const request = story.refresh("1.1", "con", 3_000, { until: "committing" });
    story.kill({ process: "1.1", at: 3_013, point: "after-commit", connection: "con", request });
    story.refresh("2.1", "con", 6_500);
    expect(check(story.history())).toMatchObject({ violations: [], refreshes: 2, losses: [] });
  });

  test("what a dead process had received may be stored by another one, from a journal", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const request = story.refresh("1.1", "con", 3_000, { until: "settled", settled: "failed" });
    story.kill({ process: "1.1", at: 5_000, point: "random", connection: undefined, request });
    const from = { grantId: "con-g1", version: 1, fence: 2 };
    const to = { grantId: "con-g1", version: 2, state: "active", key: "k:con-r2" } as const;
    story.write("2.1", { kind: "committing", at: 6_100_000, call: 900, flow: 901, connection: "con", from, to });
    story.write("2.1", { kind: "settled", at: 6_101_000, call: 900, outcome: "committed" });
    story.write("2.1", { kind: "given", at: 6_102_000, connection: "con", access: "con-a2" });
    expect(check(story.history())).toMatchObject({ violations: [], refreshes: 1, losses: [] });
  });

  test("one version acknowledged to two writers is caught", () => {
    const story = tell("grace");
    story.consent("0", "con", 0);
    const row = { ...story.rows.get("con") };
    const request = story.refresh("1.1", "con", 3_000);
    story.kill({ process: "1.1", at: 3_017, point: "random", connection: undefined, request });
    Object.assign(story.rows.get("con") ?? {}, row);
    story.refresh("2.1", "con", 6_500);
    expect(broken(story.history())).toContain("I3");
  });

  test("of two commits that nobody heard of the one with the later lease counts, and one before a later lease cannot", () => {
    const story = tell("none");
    story.consent("0", "con", 0);
    const first = story.refresh("1.1", "con", 3_000, { until: "committing", settled: "failed" });
    story.kill({ process: "1.1", at: 3_013, point: "random", connection: undefined, request: first });
    const second = story.refresh("2.1", "con", 6_100, { until: "committing" });
    story.kill({ process: "2.1", at: 6_113, point: "random", connection: undefined, request: second });
    const seen = { kind: "seen", connection: "con", grantId: "con-g1", version: 2, since: 6_900_000 } as const;
    story.write("3.1", { ...seen, at: 6_901_000 });
    const given = { kind: "given", at: 6_902_000, connection: "con" } as const;
    story.write("3.1", { ...given, access: "con-a3" });
    expect(broken(story.history())).toEqual([]);
    story.write("3.1", { ...given, access: "con-a2" });
    expect(broken(story.history())).toEqual(["I5"]);
    const impossible = tell("none");
    impossible.consent("0", "con", 0);
    const request = impossible.refresh("1.1", "con", 3_000, { until: "committing", settled: "failed" });
    impossible.kill({ process: "1.1", at: 3_013, point: "random", connection: undefined, request });
    impossible.refresh("2.1", "con", 6_100, { until: "leased" });
    impossible.write("3.1", { ...seen, at: 6_901_000 });
    expect(broken(impossible.history())).toContain("I3");
  });

  test("an answer that takes the place of a newer one is caught", () => {
    const story = tell("none");
    story.consent("0", "con", 0);
    const row = { ...story.rows.get("con") };
    story.refresh("2.1", "con", 6_100);
    const newer = { ...story.rows.get("con") };
    Object.assign(story.rows.get("con") ?? {}, row);
    story.pause({ process: "1.1", kind: "stopped", from: 3_005, to: 12_000 });
    story.refresh("1.1", "con", 3_000, { receives: 12_001, settled: "superseded", until: "settled" });
    const from = { grantId: "con-g1", version: 2, fence: 9 };
    const to = { grantId: "con-g1", version: 3, state: "active", key: "k:con-r1" } as const;
    const { flow } = lastSent(story.history(), "1.1");
    story.write("1.1", { kind: "committing", at: 12_010_000, call: 900, flow, connection: "con", from, to });
    story.write("1.1", { kind: "settled", at: 12_011_000, call: 900, outcome: "committed" });
    Object.assign(story.rows.get("con") ?? {}, newer);
    expect(broken(story.history())).toEqual(["I3"]);
  });

  test("a commit under a lease that another one had taken over is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    const row = { ...story.rows.get("con") };
    story.refresh("1.1", "con", 3_000, { receives: 9_200 });
    const stored = { ...story.rows.get("con") };
    story.pause({ process: "1.1", kind: "stopped", from: 3_005, to: 9_199 });
    Object.assign(story.rows.get("con") ?? {}, row, { fence: 1 });
    const recovery = story.refresh("2.1", "con", 9_100, { outcome: "refused", until: "sent" });
    story.kill({ process: "2.1", at: 9_105, point: "random", connection: undefined, request: recovery });
    Object.assign(story.rows.get("con") ?? {}, stored);
    expect(broken(story.history({ reuseDetected: 1 }))).toEqual(["I3"]);
  });

  test("a version that was left out, and one that was read though nobody wrote it, are caught", () => {
    const skipped = tell();
    skipped.consent("0", "con", 0);
    skipped.refresh("1.1", "con", 3_000, { stores: { version: 3 } });
    expect(broken(skipped.history())).toEqual(["I3"]);
    const invented = tell();
    invented.consent("0", "con", 0);
    const seen = { connection: "con", grantId: "con-g1", version: 2 };
    invented.write("1.1", { kind: "seen", at: 2_000_000, since: 1_999_000, ...seen });
    expect(broken(invented.history())).toEqual(["I3"]);
  });

  test("a refresh that brings a new grant id is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000, { stores: { grantId: "con-g9" } });
    expect(broken(story.history())).toContain("I3");
  });

  test("a refresh that stores the spent refresh token is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000, { stores: { key: "k:con-r1" } });
    expect(broken(story.history())).toContain("I3");
  });

  test("a refresh token that was issued for another than the stored one is caught", () => {
    const story = tell("grace");
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000);
    story.refresh("2.1", "con", 6_000, { presents: "con-r1" });
    expect(broken(story.history())).toContain("I3");
  });

  test("a write that puts the old tokens back is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000);
    const call = { call: 900, flow: 901, connection: "con" };
    const to = { grantId: "con-g1", version: 3, state: "active", key: "k:con-r1" } as const;
    const from = { grantId: "con-g1", version: 2, fence: 2 };
    story.write("2.1", { kind: "committing", at: 4_000_000, ...call, from, to });
    story.write("2.1", { kind: "settled", at: 4_001_000, call: 900, outcome: "committed" });
    expect(broken(story.history())).toEqual(["I3"]);
  });

  test("a read of what an acknowledged commit has replaced is caught, one that began before is not", () => {
    const readAt = (since: number): readonly InvariantId[] => {
      const story = tell();
      story.consent("0", "con", 0);
      story.refresh("1.1", "con", 3_000);
      const seen = { connection: "con", grantId: "con-g1", version: 1 };
      story.write("2.1", { kind: "seen", at: 3_030_000, since, ...seen });
      return broken(story.history());
    };
    expect(readAt(3_014_000)).toEqual([]);
    expect(readAt(3_020_000)).toEqual(["I3"]);
  });
});

describe("I5 no refreshed access token is used before its commit", () => {
  test("given out after the commit, or after the row was read", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000);
    story.write("2.1", {
      kind: "seen",
      at: 3_020_000,
      since: 3_019_000,
      connection: "con",
      grantId: "con-g1",
      version: 2,
    });
    story.write("2.1", { kind: "given", at: 3_021_000, connection: "con", access: "con-a2" });
    story.write("2.1", { kind: "used", at: 3_022_000, access: "con-a2" });
    expect(broken(story.history())).toEqual([]);
  });

  test.each(["given", "used"] as const)("%s before the commit was acknowledged is caught", (kind) => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000);
    story.write("1.1", { kind, at: 3_013_000, connection: "con", access: "con-a2" });
    expect(broken(story.history())).toEqual(["I5"]);
  });

  test("given out by a process that has neither stored nor read it is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.refresh("1.1", "con", 3_000);
    story.write("2.1", { kind: "given", at: 3_500_000, connection: "con", access: "con-a2" });
    expect(broken(story.history())).toEqual(["I5"]);
  });

  test("given out though its commit was superseded is caught", () => {
    const story = tell("grace");
    story.consent("0", "con", 0);
    const row = { ...story.rows.get("con") };
    story.refresh("1.1", "con", 3_000, { settled: "superseded", receives: 6_600 });
    story.pause({ process: "1.1", kind: "stopped", from: 3_005, to: 6_599 });
    Object.assign(story.rows.get("con") ?? {}, row, { fence: 1 });
    story.refresh("2.1", "con", 6_100);
    expect(broken(story.history())).toEqual(["I5"]);
  });

  test("a token of a consent may be used before there is a row, a refreshed one may not", () => {
    const story = tell();
    story.consent("1.1", "con", 100);
    story.write("1.1", { kind: "used", at: 99_000, access: "con-a1" });
    expect(broken(story.history())).toEqual([]);
  });

  test("a token that the provider did not issue is caught", () => {
    const story = tell();
    story.consent("0", "con", 0);
    story.write("1.1", { kind: "given", at: 3_500_000, connection: "con", access: "con-a9" });
    expect(broken(story.history())).toEqual(["I5"]);
  });
});

function lastSent({ processes }: History, process: string): { readonly flow: number } {
  const { events = [] } = processes.find((history) => history.process === process) ?? {};
  const sent = events.findLast((event) => event.kind === "sent");
  if (sent?.kind !== "sent") throw new Error(`${process} has sent nothing.`);
  return sent;
}
