import { expect, test } from "vitest";
import { readArguments, UsageError } from "./arguments.ts";

test("cases and options are read, with the `--` that a script runner passes on", () => {
  expect(readArguments(["--", "hot-path", "vault/seal-512", "--json", "out.json"])).toMatchObject({
    chosen: ["hot-path", "vault/seal-512"],
    rounds: 9,
    json: "out.json",
    writeDocs: false,
  });
});

test("only all cases, with nine rounds at least and no profile, are written into docs", () => {
  expect(readArguments(["--write-docs"]).writeDocs).toBe(true);
  for (const more of [["vault"], ["--rounds", "8"], ["--profile", "profiles"]]) {
    expect(() => readArguments(["--write-docs", ...more])).toThrow(UsageError);
  }
});

test.for(["0", "1.5", "many"])("%s rounds are refused", (rounds) => {
  expect(() => readArguments(["--rounds", rounds])).toThrow(UsageError);
});
