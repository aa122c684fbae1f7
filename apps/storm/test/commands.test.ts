import { describe, expect, test } from "vitest";
import { runCost } from "../src/commands/cost.ts";
import { runHerd } from "../src/commands/herd.ts";
import { runTakeover } from "../src/commands/takeover.ts";
import { missingPostgres, type StoreKind } from "../src/store.ts";

const missing = await missingPostgres();
if (missing !== undefined && process.env["GRANTKEEPER_REQUIRE_SERVICES"]) throw new Error(missing);

const { signal } = new AbortController();
const herd = (store: StoreKind) => runHerd({ store, rotation: "strict", processes: 3, callers: 50 }, signal);
const one = { tokenRequests: 1, distinctTokens: 1, reuseDetected: 0 };

test("D1 D2 F1 F2 fifty callers in each of three processes on SQLite make one token request", async () => {
  expect(await herd("sqlite")).toMatchObject(one);
});

describe.skipIf(missing)(missing ?? "on PostgreSQL", () => {
  test("D1 D2 F1 F2 fifty callers in each of three processes make one token request", async () => {
    expect(await herd("postgres")).toMatchObject(one);
  });
});

test("D6 what a dead process held is taken over, not before its lease has run out", async () => {
  const report = await runTakeover({ store: "sqlite", rotation: "untilUsed" }, signal);
  expect(report).toMatchObject({ refreshed: true, leaseMs: 3_000, boundMs: 4_000 });
  expect(report.takeoverMs).toBeGreaterThan(2_500);
});

test("what a refresh costs is told with and without its request", async () => {
  const report = await runCost({ store: "sqlite", rotation: "strict", refreshes: 5 }, signal);
  expect(report.refreshes).toBe(5);
  for (const times of [report.unopened, report.held]) {
    expect(times.requestMedianMs).toBeGreaterThan(0);
    expect(times.overheadMedianMs).toBeGreaterThan(0);
    expect(times.medianMs).toBeGreaterThan(times.overheadMedianMs);
    expect(times.p99Ms).toBeGreaterThanOrEqual(times.medianMs);
  }
});
