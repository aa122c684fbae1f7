import { expect, test } from "vitest";
import type { AllAnswered, AskedAtOnce } from "../at-once/ask-at-once.ts";
import { askedBox } from "./asked-box.ts";

const shares = [
  { pid: 11, callers: 250, tokens: ["a"], refreshes: 1 },
  { pid: 12, callers: 250, tokens: ["a"], refreshes: 0 },
] as const;
const answered: AllAnswered = {
  kind: "answered",
  shares,
  refreshes: { count: 1, by: "provider" },
  distinctTokens: 1,
  leftMs: 0,
};
const bothAsked = "250 callers in process 11 and 250 in process 12 asked";

test("the figures of both processes together", () => {
  expect(figures(answered)).toEqual(["500 callers", "2 processes", "1 token request", "1 distinct token"]);
  const keepers: AllAnswered = { ...answered, refreshes: { count: 0, by: "keepers" }, distinctTokens: 2 };
  expect(figures(keepers)).toEqual(["500 callers", "2 processes", "0 refreshes", "2 distinct tokens"]);
});

test.each<[Partial<AllAnswered>, string]>([
  [{}, "at the moment the token ran out; GitHub saw one request."],
  [{ refreshes: { count: 2, by: "provider" } }, "at the moment the token ran out; GitHub saw 2 requests."],
  [
    { refreshes: { count: 1, by: "keepers" } },
    "at the moment the token ran out; their two keepers report one refresh.",
  ],
  [
    { refreshes: { count: 0, by: "provider" }, leftMs: 8 * 3_600_000 },
    "while the token was still good for 8 h; GitHub saw no requests.",
  ],
  [
    { refreshes: { count: 0, by: "keepers" }, leftMs: Number.POSITIVE_INFINITY },
    "while the token was still good; their two keepers report no refreshes.",
  ],
])("%j in words", (change, words) => {
  expect(text({ ...answered, ...change })).toContain(`${bothAsked} ${words}`);
});

test.each<[Extract<AskedAtOnce, { readonly kind: "lost" }>["here"], string]>([
  [undefined, "Nobody has asked for the token yet. Ask again: that starts another one."],
  [shares[0], "What its callers got is not known. The 250 callers in this process (11) got their token."],
  [
    { code: "lease_timeout", message: "Another one holds it." },
    "The callers in this process got no token: Another one holds it. lease_timeout",
  ],
])("a second process that was lost (here: %j)", (here, words) => {
  const why = "The second process (12) was ended by SIGKILL.";
  expect(text({ kind: "lost", why, here })).toBe(`${why} ${words}`);
});

function figures(asked: AskedAtOnce): readonly string[] {
  return [...String(askedBox(asked, "GitHub")).matchAll(/<li>(.*?)<\/li>/g)].map(([, item = ""]) => withoutTags(item));
}

function text(asked: AskedAtOnce): string {
  return withoutTags(String(askedBox(asked, "GitHub")));
}

function withoutTags(markup: string): string {
  return markup
    .replace(/<[^>]*>/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
