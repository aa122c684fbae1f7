import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "./lib/command.ts";
import { temporaryFolder } from "./lib/temporary.ts";

const program = join(import.meta.dirname, "ci-summary.mjs");

interface Run {
  readonly tests: object;
  readonly exits?: readonly [tests: string, checks: string];
  readonly requireServices?: string;
}

async function summaryOf({ tests, exits = ["0", "0"], requireServices }: Run) {
  const folder = temporaryFolder("summary");
  const files = { GRANTKEEPER_TEST_REPORT: join(folder, "tests"), GRANTKEEPER_CHECK_REPORT: join(folder, "checks") };
  writeFileSync(files.GRANTKEEPER_TEST_REPORT, JSON.stringify(tests));
  writeFileSync(files.GRANTKEEPER_CHECK_REPORT, JSON.stringify({ passed: 2, failed: 0 }));
  const env = { ...process.env, ...files, GRANTKEEPER_REQUIRE_SERVICES: requireServices };
  const { code, stdout } = await runCommand(process.execPath, [program, ...exits], { env });
  return { code, line: stdout.trim().split("\n").at(-1) };
}

test("adds tests and checks up", async () => {
  expect(await summaryOf({ tests: { numPassedTests: 3 } })).toEqual({ code: 0, line: "5 passed, 0 failed, 0 skipped" });
});

test("a command that failed is a failure, whatever it counted", async () => {
  const tests = { numPassedTests: 3, numFailedTests: 0 };
  expect(await summaryOf({ tests, exits: ["1", "0"] })).toEqual({ code: 1, line: "5 passed, 1 failed, 0 skipped" });
});

test("what was skipped is a failure only where services are required", async () => {
  const tests = { numPassedTests: 3, numPendingTests: 1, numTodoTests: 1 };
  expect(await summaryOf({ tests })).toEqual({ code: 0, line: "5 passed, 0 failed, 2 skipped" });
  expect(await summaryOf({ tests, requireServices: "1" })).toEqual({ code: 1, line: "5 passed, 0 failed, 2 skipped" });
});
