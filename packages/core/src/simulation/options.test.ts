import { expect, test } from "vitest";
import { readOptions } from "./options.ts";
import { rotationModes } from "./provider.ts";

const read = (...line: readonly string[]) => readOptions(line, () => 7);

test("T5 without options some sequences of all rotations are played, from a new seed", () => {
  expect(read()).toMatchObject({ sequences: 10_000, seed: 7, path: undefined, modes: rotationModes });
});

test("T5 a sequence is found again by rotation, seed and path", () => {
  const line = ["--rotation", "strict", "--seed", "-12", "--path", "3:0:1", "--sequences", "1", "--workers", "2"];
  const [first, ...rest] = line.join("=").replaceAll("=--", " --").split(" ");
  expect(read(first ?? "", ...rest)).toEqual({ sequences: 1, seed: -12, path: "3:0:1", modes: ["strict"], workers: 2 });
});

test.for([
  ["--sequences", "0"],
  ["--sequences", "many"],
  ["--seed", "1.5"],
  ["--workers", "0"],
  ["--rotation", "sometimes"],
  ["--path", "1:2"],
  ["--path", "1:2", "--seed", "1"],
  ["--unknown"],
])("a command line that makes no sense is refused: %s", (line) => {
  expect(() => read(...line)).toThrow();
});
