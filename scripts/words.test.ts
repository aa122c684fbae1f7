import { expect, test } from "vitest";
import { checkoutPaths, wordProblems } from "./words.ts";

test("finds home folders and private keys", () => {
  expect(wordProblems("a.ts", `open("/${"root"}/x")`)).toHaveLength(1);
  expect(wordProblems("a.md", `first\nsee /${"home"}/ada/notes`)).toEqual([expect.stringContaining("a.md:2")]);
  expect(wordProblems("key.pem", `-----BEGIN EC ${"PRIVATE"} KEY-----`)).toHaveLength(1);
});

test("leaves routes and placeholders alone", () => {
  expect(wordProblems("a.ts", 'fetch("https://example.com/home/page"); path.join(base, "./root/x")')).toEqual([]);
  expect(wordProblems("a.md", "`/home/<name>`")).toEqual([]);
});

test("finds the path of the checkout and of its parent", () => {
  const forbidden = checkoutPaths("/projects/of-one/checkout");
  expect(wordProblems("a.ts", "/projects/of-one/checkout", forbidden)).toHaveLength(1);
  expect(wordProblems("a.ts", "cd /projects/of-one/other", forbidden)).toHaveLength(1);
  expect(wordProblems("a.ts", "../projects/of-one/other", forbidden)).toEqual([]);
});

test("a checkout in a common folder forbids only its own path", () => {
  const forbidden = checkoutPaths("/src/checkout");
  expect(wordProblems("a.ts", 'path.includes("/src/")', forbidden)).toEqual([]);
  expect(wordProblems("a.ts", 'path.includes("/src/checkout")', forbidden)).toHaveLength(1);
});
