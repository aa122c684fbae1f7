import { expect, test } from "vitest";
import { examplesOf } from "./examples-of.ts";

test("takes examples in TypeScript with their lines, and leaves the rest", () => {
  const page =
    "# T\n```sh\nnpm i\n```\n```ts\nconst a = 1;\n```\n- item\n  ```ts run\n  if (a)\n    b();\n  ```\n```diff\n- x\n```\n";
  expect(examplesOf("README.md", page)).toEqual({
    problems: [],
    examples: [
      { page: "README.md", line: 6, text: "const a = 1;", runs: false },
      { page: "README.md", line: 10, text: "if (a)\n  b();", runs: true },
    ],
  });
});

test("a longer fence holds a shorter one", () => {
  expect(examplesOf("a.md", "````md\n```ts\nbroken(\n```\n````\n").examples).toEqual([]);
});

test.each(["ts fragment", "ts no-check", "typescript", "js", "tsx"])("leaves no way round the check: %s", (info) => {
  expect(examplesOf("a.md", `\`\`\`${info}\nx\n\`\`\`\n`).problems).toEqual([expect.stringContaining("a.md:1")]);
});
