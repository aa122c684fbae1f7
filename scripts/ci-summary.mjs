// Prints the last line of .ci/run out of the reports of vitest and of scripts/check.ts, and fails if anything did.
// JavaScript, since it runs on whatever Node started .ci/run.
import { readFileSync } from "node:fs";

const [testsExit, checksExit] = process.argv.slice(2).map(Number);
const tests = read(process.env.GRANTKEEPER_TEST_REPORT);
const checks = read(process.env.GRANTKEEPER_CHECK_REPORT);

// A command that failed without counting a failure, such as a build, or a test file that did not load, is one.
const failedTests = Math.max(tests.numFailedTests ?? 0, testsExit === 0 ? 0 : 1);
const failedChecks = Math.max(checks.failed ?? 0, checksExit === 0 ? 0 : 1);
const passed = (tests.numPassedTests ?? 0) + (checks.passed ?? 0);
const failed = failedTests + failedChecks;
const skipped = (tests.numPendingTests ?? 0) + (tests.numTodoTests ?? 0);

// Where everything that a test needs is there, a test that did not run has not passed.
const skippedInVain = skipped > 0 && Boolean(process.env.GRANTKEEPER_REQUIRE_SERVICES);
if (skippedInVain) console.log("Tests were skipped, and GRANTKEEPER_REQUIRE_SERVICES is set: that is a failure.");

console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed === 0 && passed > 0 && !skippedInVain ? 0 : 1;

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}
