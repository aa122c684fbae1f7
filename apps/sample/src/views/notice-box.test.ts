import { expect, test } from "vitest";
import { disconnected } from "./notice-box.ts";

test.each([
  ["revoked", "Disconnected."],
  ["pending", "Disconnected. GitHub could not be told: remove access there, too."],
  ["skipped", "Disconnected. GitHub still allows access, since another connection needs it."],
  ["unsupported", "Disconnected. GitHub lets no application end access: remove it there, too."],
] as const)("access that was %s", (revocation, words) => {
  expect(disconnected(revocation, "GitHub")).toBe(words);
});
