import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const packageFolder = join(import.meta.dirname, "..");
const readme = await readFile(join(packageFolder, "README.md"), "utf8");
const examples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""], index) => ({ code, index }));

test("the README has examples", () => {
  expect(examples.length).toBeGreaterThan(3);
});

test.for(examples)("example $index of the README prints what it says", async ({ code }) => {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-"], { cwd: packageFolder });
  child.stdin.end(code);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(errors.replace(/^.*(ExperimentalWarning|--trace-warnings).*$/gm, "").trim()).toBe("");
  const printed = output.trim().split("\n");
  const said = [...code.matchAll(/^console\.log\(.*\);(?: \/\/ (.*))?$/gm)].map(([, value]) => value);
  for (const [index, value] of said.entries()) {
    if (value !== undefined) expect(printed[index]?.replace(/:\d+/, ":PORT")).toBe(value);
  }
});
