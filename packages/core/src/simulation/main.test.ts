import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { invariants } from "./checks/check.ts";
import { rotationModes } from "./provider.ts";

const pathOf = (url: URL): string => fileURLToPath(url);
const broken = ["--import", pathOf(new URL("./test/without-intents.ts", import.meta.url))];

interface Run {
  readonly code: number;
  readonly output: string;
  readonly complaints: string;
}

function simulate(line: string, nodeOptions: readonly string[] = []): Promise<Run> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...nodeOptions, pathOf(new URL("./main.ts", import.meta.url)), ...line.split(" ")],
      (error, output, complaints) => resolve({ code: error === null ? 0 : Number(error.code), output, complaints }),
    );
  });
}

const lastLine = ({ output }: Run) => JSON.parse(output.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
const timelineOf = ({ output }: Run): string =>
  output.slice(output.indexOf("An invariant is broken"), output.indexOf("To see it again"));

test("T5 the command sums up what it has played", async () => {
  const run = await simulate("--sequences 600 --seed 3 --workers 2");
  expect(run.code, run.output + run.complaints).toBe(0);
  const byRotation = Object.fromEntries(rotationModes.map((mode) => [mode, 0]));
  expect(lastLine(run)).toMatchObject({
    ...{ sequences: 600, seed: 3, byRotation: { ...byRotation, none: 500, strict: 100 } },
    violations: Object.fromEntries(invariants.map((invariant) => [invariant, 0])),
  });
  const counts = ["commands", "crashes", "pauses", "outages", "lostResponses", "restores", "reconnects"];
  for (const name of counts) expect(lastLine(run)[name], name).toBeGreaterThan(0);
  const { lostInWindow, windowByCause } = lastLine(run) as {
    readonly lostInWindow: number;
    readonly windowByCause: Readonly<Record<string, number>>;
  };
  expect(Object.values(windowByCause).reduce((sum, count) => sum + count, 0)).toBe(lostInWindow);
});

test("T5 the command shows a broken invariant as a timeline, and its own line replays it", async () => {
  const run = await simulate("--sequences 300 --seed 3 --workers 1 --rotation strict", broken);
  expect(run.code).toBe(1);
  expect(lastLine(run)["violations"]).toMatchObject({ I1: 1 });
  const replay = /npm run simulate -- (.*)/.exec(run.output)?.[1] ?? "";
  expect(replay).toMatch(/^--rotation strict --seed 3 --path [\d:]+ --sequences 1$/);
  const again = await simulate(replay, broken);
  expect(again.code).toBe(1);
  expect(timelineOf(again)).toBe(timelineOf(run));
  expect(timelineOf(run)).toMatch(/I1: rt-\S+ was sent by request \d+ .* and again by \d+/);
  expect(timelineOf(run)).toMatch(/^ +\d+\.\d{3} P\d {3}sends token rt-/m);
  // With its intents the protocol has nothing to show there.
  expect((await simulate(replay)).code).toBe(0);
});

test("a command line that makes no sense ends with a line that says so", async () => {
  const { code, output, complaints } = await simulate("--rotation sometimes");
  expect({ code, output }).toEqual({ code: 2, output: "" });
  expect(complaints).toMatch(/no rotation "sometimes"/);
});
