import { expect, test } from "vitest";
import { readArguments, UsageError } from "../src/arguments.ts";

test("what is left out has its default", () => {
  expect(readArguments(["--store", "postgres"])).toMatchObject({
    ...{ kind: "storm", store: "postgres", rotation: "strict", provider: "emulator", processes: 8, connections: 1_000 },
    ...{
      kills: 200,
      seconds: 60,
      faults: false,
      rewrap: false,
      json: undefined,
      history: undefined,
      seed: expect.any(Number),
    },
  });
  expect(readArguments(["--store", "sqlite", "--provider", "oidc"])).toMatchObject({ connections: 100 });
});

test("all options of a storm are read, also behind the dashes of npm", () => {
  const given =
    "-- --store sqlite --rotation grace --processes 2 --connections 3 --kills 0 --seconds 5 --faults --rewrap --seed 9 --json a --history b";
  expect(readArguments(given.split(" "))).toEqual({
    ...{
      kind: "storm",
      store: "sqlite",
      provider: "emulator",
      rotation: "grace",
      processes: 2,
      connections: 3,
      kills: 0,
    },
    ...{ seconds: 5, faults: true, rewrap: true, seed: 9, json: "a", history: "b" },
  });
});

test("the other commands are words or flags", () => {
  expect(readArguments(["herd", "--store", "sqlite", "--callers", "50"])).toMatchObject({ kind: "herd", callers: 50 });
  expect(readArguments(["--herd", "--store", "sqlite"])).toMatchObject({ kind: "herd", processes: 8, callers: 200 });
  expect(readArguments(["--takeover", "--store", "sqlite"])).toMatchObject({ kind: "takeover", rotation: "strict" });
  expect(readArguments(["cost", "--store", "sqlite"])).toMatchObject({ kind: "cost", refreshes: 1_000 });
  expect(readArguments(["--help"])).toEqual({ kind: "help" });
});

test.each([
  [[], "--store is one of postgres, sqlite."],
  [["--store", "mysql"], "--store is one of postgres, sqlite."],
  [["--store", "sqlite", "--rotation", "daily"], "--rotation is one of strict, grace, untilUsed, none."],
  [["--store", "sqlite", "--processes", "0"], "--processes is a whole number from 1 to 64."],
  [["--store", "sqlite", "--rewrap", "--processes", "1"], "--processes is a whole number from 2 to 64."],
  [["--store", "sqlite", "--kills", "-1"], "Option '--kills' argument is ambiguous."],
  [["--store", "sqlite", "--kills", "many"], "--kills is a whole number from 0 to 100000."],
  [["--store", "sqlite", "--seconds", "1.5"], "--seconds is a whole number from 1 to 86400."],
  [["--store", "sqlite", "--callers", "5"], "--callers does not belong to storm."],
  [["--cost", "--store", "sqlite", "--rewrap"], "--rewrap does not belong to cost."],
  [["--herd", "--store", "sqlite", "--faults"], "--faults does not belong to herd."],
  [["--herd", "--cost", "--store", "sqlite"], "Choose one of herd and cost."],
  [["--store", "sqlite", "--provider", "oidc", "--rotation", "none"], "--provider oidc rotates strictly only."],
  [["--store", "sqlite", "--storms", "5"], "Unknown option '--storms'."],
  [["flood", "--store", "sqlite"], "There is no command flood."],
])("%j is refused in one sentence", (given, sentence) => {
  expect(() => readArguments(given)).toThrow(new UsageError(sentence));
});
