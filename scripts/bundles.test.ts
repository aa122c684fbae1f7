import { expect, test } from "vitest";
import { entriesOf, foreignFiles, wordsIn } from "./bundles.ts";

test("finds every entry of a package, by its source", () => {
  const exports = { ".": "./src/index.ts", "./app": "./src/app.ts" };
  expect(entriesOf({ exports })).toEqual([
    [".", "./src/index.ts"],
    ["./app", "./src/app.ts"],
  ]);
  expect(entriesOf({})).toEqual([]);
});

test("finds words in any case, and not inside longer ones", () => {
  expect(wordsIn('import "node:crypto"; fetch("https://Slack.com")', ["crypto", "slack", "google"])).toEqual([
    "crypto",
    "slack",
  ]);
  expect(wordsIn("cryptographic subtlety googles slacker", ["crypto", "subtle", "google", "slack"])).toEqual([]);
});

test("finds files of another connector, and none of the connector's own or of the core", () => {
  const own = ["src/index.ts", "../../core/src/connector/define.ts"];
  expect(foreignFiles([...own, "../google/src/index.ts", "../../../node_modules/x/index.js"])).toEqual([
    "../google/src/index.ts",
    "../../../node_modules/x/index.js",
  ]);
  expect(foreignFiles(own)).toEqual([]);
});
