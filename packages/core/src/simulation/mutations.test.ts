import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { invariants } from "./checks/check.ts";
import { edited } from "./edits.ts";
import { mutations } from "./mutations.ts";

const run = promisify(execFile);
const mutant = fileURLToPath(new URL("mutant.ts", import.meta.url));
/** From fixed seeds, so that a mutation that was found is found again; with the next one where the first did not do. */
const seeds = [1, 2, 3, 4];
const sequences = 3_000;

interface Played {
  readonly sequences: number;
  readonly broken: readonly string[];
}

async function play(name: string, mode: string, seed: number, count: number): Promise<Played> {
  const { stdout } = await run(process.execPath, [mutant, name, mode, String(seed), String(count)]);
  return JSON.parse(stdout) as Played;
}

describe("with one protection taken out an invariant breaks", () => {
  test.each(mutations)("T6 $name", async ({ name, mode, breaks }) => {
    const broken = new Set<string>();
    for (const seed of seeds) {
      for (const invariant of (await play(name, mode, seed, sequences)).broken) broken.add(invariant);
      if (breaks.some((invariant) => broken.has(invariant))) break;
    }
    expect(breaks.filter((invariant) => broken.has(invariant))).not.toEqual([]);
  });
});

test("T6 with all protections the same sequences break nothing", async () => {
  for (const mode of new Set(mutations.map((mutation) => mutation.mode))) {
    expect(await play("none", mode, 1, 100)).toMatchObject({ sequences: 100, broken: [] });
  }
});

test("T6 each invariant is one that some mutation breaks", () => {
  const broken = new Set(mutations.flatMap(({ breaks }) => breaks));
  const ofTheProtocol = invariants.filter((invariant) => invariant.startsWith("I"));
  expect(ofTheProtocol.filter((invariant) => !broken.has(invariant))).toEqual([]);
});

test("a change that does not fit its file exactly once is refused", () => {
  const edit = { file: "a.ts", find: "one", replace: "two" };
  expect(edited("one", edit)).toBe("two");
  for (const text of ["", "one one"]) expect(() => edited(text, edit)).toThrow(/a\.ts/);
});
