import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { invariants } from "./checks/check.ts";
import { mutations } from "./mutations.ts";
import { runChunk } from "./runner.ts";
import { createStage } from "./simulate.ts";

const run = promisify(execFile);
const mutant = fileURLToPath(new URL("mutant.ts", import.meta.url));
/** Many times what each takes from its seed; one that has to look for longer has lost what it was made for. */
const sequences = 3_000;

describe("with one protection taken out an invariant breaks", () => {
  test.each(mutations)("T6 $name", async ({ name, breaks }) => {
    const { stdout } = await run(process.execPath, [mutant, name, String(sequences)]);
    const { violations } = JSON.parse(stdout) as { readonly violations: readonly string[] };
    const broken = violations.map((violation) => violation.split(":", 1).join());
    expect(breaks.filter((invariant) => broken.includes(invariant))).not.toEqual([]);
  });
});

test("T6 with all of them the same sequences break nothing", async () => {
  for (const { mode, mixture, seed } of mutations) {
    const { failure } = await runChunk(await createStage(mode), { mode, mixture, seed, sequences: 40, shrinks: false });
    expect(failure?.violations ?? []).toEqual([]);
  }
});

test("T6 each invariant is one that some mutation breaks", () => {
  const broken = new Set(mutations.flatMap(({ breaks }) => breaks));
  const ofTheProtocol = invariants.filter((invariant) => invariant.startsWith("I"));
  expect(ofTheProtocol.filter((invariant) => !broken.has(invariant))).toEqual([]);
});
