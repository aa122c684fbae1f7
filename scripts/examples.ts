import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Say } from "./lib/check.ts";
import { runCommand } from "./lib/command.ts";
import { type Example, examplesOf } from "./lib/examples-of.ts";
import { mapPool } from "./lib/pool.ts";
import { temporaryFolder } from "./lib/temporary.ts";
import { allPackages, findFiles, readFiles, root } from "./lib/workspace.ts";

export const name = "examples";

const RUN_LIMIT_MS = 30_000;

interface ExampleFile extends Example {
  readonly file: string;
}

/** Every example of the documentation compiles, and those marked `ts run` run. */
export async function run(say: Say): Promise<readonly string[]> {
  const pages = [...readFiles(findFiles(["*.md", "docs/**/*.md", "packages/**/README.md", "apps/**/README.md"]))].map(
    ([path, text]) => examplesOf(path, text),
  );
  const folder = temporaryFolder("examples");
  linkDependencies(join(folder, "node_modules"));
  const files = writeExamples(
    folder,
    pages.flatMap(({ examples }) => examples),
  );
  const running = files.filter(({ runs }) => runs);
  say(`${files.length} examples to compile, ${running.length} to run`);
  return [
    ...pages.flatMap(({ problems }) => problems),
    ...(files.length === 0 ? [] : await compileProblems(folder, files)),
    ...(await mapPool(running, 2, (example) => runProblems(folder, example))).flat(),
  ];
}

/** The example of README.md's line 12 starts at line 12 of its file, so that positions agree. */
function writeExamples(folder: string, examples: readonly Example[]): readonly ExampleFile[] {
  // An example is an application's code: what it exports is not published.
  const compilerOptions = { declaration: false, isolatedDeclarations: false };
  const options = { extends: join(root, "tsconfig.base.json"), compilerOptions, include: ["*.ts"] };
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  return examples.map((example) => {
    const file = `${example.page.replaceAll(/[^\w-]/g, "_")}_${example.line}.ts`;
    writeFileSync(join(folder, file), `${"\n".repeat(example.line - 1)}${example.text}\n`);
    return { ...example, file };
  });
}

async function compileProblems(folder: string, files: readonly ExampleFile[]): Promise<readonly string[]> {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { code, output } = await runCommand(process.execPath, [compiler, "--noEmit", "--pretty", "false"], {
    cwd: folder,
  });
  if (code === 0) return [];
  const lines = output.trim().split("\n");
  return lines.map((line) => {
    const found = /^(\S+\.ts)\((\d+),\d+\): (.*)$/.exec(line);
    const example = files.find(({ file }) => file === found?.[1]);
    return example === undefined ? line : `${example.page}:${found?.[2]} does not compile: ${found?.[3]}`;
  });
}

async function runProblems(folder: string, { file, page, line }: ExampleFile): Promise<readonly string[]> {
  const { code, output } = await runCommand(process.execPath, [file], { cwd: folder, timeoutMs: RUN_LIMIT_MS });
  if (code === 0) return [];
  const how = code === undefined ? `did not end within ${RUN_LIMIT_MS / 1000} s` : `failed with code ${code}`;
  return [`${page}:${line} ${how}:\n${output.trim()}`];
}

/** Links this repository's packages, and what they depend on, where an example's imports look. */
function linkDependencies(modules: string): void {
  const packages = allPackages();
  for (const { manifest, folder } of packages) link(join(modules, manifest.name), folder);
  for (const from of [root, ...packages.map(({ folder }) => folder)]) {
    for (const dependency of installedIn(join(from, "node_modules"))) {
      link(join(modules, dependency), join(from, "node_modules", dependency));
    }
  }
}

function installedIn(modules: string): readonly string[] {
  return namesIn(modules).flatMap((name) =>
    name.startsWith("@") ? namesIn(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  );
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith("."));
  } catch {
    // A package without dependencies has no such folder.
    return [];
  }
}

const linked = new Set<string>();

function link(path: string, target: string): void {
  if (linked.has(path)) return;
  linked.add(path);
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path, "junction");
}
