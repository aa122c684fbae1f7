import { expect, test } from "vitest";
import { wordsIn } from "./bundles.ts";

test("finds words in any case, and not inside longer ones", () => {
  expect(wordsIn('import "node:crypto"; fetch("https://Slack.com")', ["crypto", "slack", "google"])).toEqual([
    "crypto",
    "slack",
  ]);
  expect(wordsIn("cryptographic subtlety googles slacker", ["crypto", "subtle", "google", "slack"])).toEqual([]);
});
