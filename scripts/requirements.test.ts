import { expect, test } from "vitest";
import { requirementProblems } from "./requirements.ts";

const list = `
| id | what | Status | where |
|---|---|---|---|
| R45 | keeps a rotated token | covered | refresh |
| R46 | says so | not covered | |
| **E2** | binds the row | covered: vault | |
`;

function problemsOf(text: string): readonly string[] {
  return requirementProblems(list, new Map([["a.test.ts", text]]));
}

test("several requirements in one title, a template and rows of cases all count", () => {
  expect(problemsOf(`test("R45 R46 keeps it", f); it.each([1])(\`E2 \${name}\`, f);`)).toEqual([]);
});

test("a requirement that is not listed is a problem", () => {
  expect(problemsOf('test("R45 E2 W9: x", f);')).toEqual([expect.stringContaining("a.test.ts names W9")]);
});

test("covered means that a test runs", () => {
  const problems = problemsOf('test.skip("R45 later", f); describe("E2", f); test("E2E of R45", f);');
  expect(problems).toEqual([expect.stringContaining("R45 is covered"), expect.stringContaining("E2 is covered")]);
});

test.each([
  ["skip", 'test.skip("R45 x", f);'],
  ["skipIf", 'test.skipIf(true)("R45 x", f);'],
  ["runIf", 'it.runIf(false)("R45 x", f);'],
  ["fails", 'test.fails("R45 x", f);'],
  ["only", 'test.only("R45 x", f);'],
  ["todo", 'test.todo("R45 x");'],
  ["a modifier beside others", 'test.concurrent.skip.each([1])("R45 x", f);'],
  ["an option", 'test("R45 x", { skip: true }, f);'],
  ["a described group that is skipped", 'describe("a", () => { describe.skip("b", () => { test("R45 x", f); }); });'],
  ["a described group that is skipped at times", 'describe.skipIf(no)("b", () => { test("R45 x", f); });'],
  ["a suite of the same kind", 'suite.todo("b", () => { test("R45 x", f); });'],
])("a test that may not run, or may fail, covers nothing: %s", (_, text) => {
  expect(problemsOf(`${text} test("E2 y", f);`)).toEqual([expect.stringContaining("R45 is covered")]);
});

test("tests for rows of cases, at the same time and in groups that run do count", () => {
  const text = `
    describe("a", () => { test.concurrent("R45 x", f); });
    describe.each([1])("b", () => { test.concurrent.for([1])("E2 y", { timeout: 5 }, f); });
  `;
  expect(problemsOf(text)).toEqual([]);
});

test("what is skipped may name a listed requirement only", () => {
  expect(problemsOf('test("R45 E2 x", f); test.skip("W9 y", f);')).toEqual([expect.stringContaining("names W9")]);
});
