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
