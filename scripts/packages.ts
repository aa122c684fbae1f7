import { globSync, mkdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import type { Say } from "./lib/check.ts";
import { runCommand } from "./lib/command.ts";
import { packPackages } from "./lib/packed.ts";
import { mapPool } from "./lib/pool.ts";
import { temporaryFolder } from "./lib/temporary.ts";
import { isTest, type Manifest, readManifest, root } from "./lib/workspace.ts";

export const name = "packages";

/** Every public package as it would be published. */
export async function run(say: Say): Promise<readonly string[]> {
  const packed = await packPackages();
  const folder = temporaryFolder("unpacked");
  const problems = await mapPool(packed, 2, async ({ manifest, path, tarball }) => {
    const unpacked = join(folder, path.replaceAll("/", "-"));
    mkdirSync(unpacked);
    const found = [
      ...(await contentProblems(tarball, unpacked)),
      ...(await publintProblems(unpacked)),
      ...(await typesProblems(tarball)),
    ];
    say(`${manifest.name} ${found.length === 0 ? "is ready to publish" : "is not ready to publish"}`);
    return found.map((problem) => `${manifest.name}, as packed: ${problem}`);
  });
  return problems.flat();
}

async function contentProblems(tarball: string, unpacked: string): Promise<readonly string[]> {
  const { code, output } = await runCommand("tar", ["-xzf", tarball, "-C", unpacked, "--strip-components=1"]);
  if (code !== 0) return [`tar cannot read it: ${output}`];
  const files = globSync("**", { cwd: unpacked }).map((file) => file.replaceAll(sep, "/"));
  const manifest = readManifest(join(unpacked, "package.json"));
  return [...manifestProblems(manifest), ...fileProblems(manifest, files)];
}

/** Exported for its test. */
export function manifestProblems(manifest: Manifest): readonly string[] {
  const installScripts = ["preinstall", "install", "postinstall", "prepare"].filter(
    (script) => manifest.scripts?.[script],
  );
  const dependencies = [manifest.dependencies, manifest.peerDependencies, manifest.optionalDependencies];
  const local = dependencies
    .flatMap((group) => Object.entries(group ?? {}))
    .filter(([, range]) => /^(?:workspace|catalog|file|link|git\S*|https?):/.test(range));
  const fields: readonly (readonly [field: string, value: unknown, expected: unknown])[] = [
    ["license", manifest.license, "MIT"],
    ["type", manifest.type, "module"],
    ["sideEffects", manifest.sideEffects, false],
    ["engines.node", manifest.engines?.["node"], ">=22.19"],
  ];
  return [
    ...installScripts.map((script) => `it runs a script at install (${script}). Remove it from package.json.`),
    ...local.map(([dependency, range]) => `depends on ${dependency} by ${range}. Give it a version of the registry.`),
    ...(manifest.keywords?.length ? [] : ["it has no keywords. Give package.json `keywords`, by which npm finds it."]),
    ...fields
      .filter(([, value, expected]) => value !== expected)
      .map(
        ([field, value, expected]) => `${field} is ${JSON.stringify(value)}. Set it to ${JSON.stringify(expected)}.`,
      ),
  ];
}

/** Exported for its test. */
export function fileProblems(manifest: Manifest, files: readonly string[]): readonly string[] {
  const targets = Object.values(manifest.exports ?? {}).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target),
  );
  return [
    ...(files.some((file) => /^readme\.md$/i.test(file)) ? [] : ["it has no README. Write README.md in its folder."]),
    ...(targets.length > 0 ? [] : ["it exports nothing. Give package.json `exports`."]),
    ...targets
      .filter((target) => !target.startsWith("./dist/") || !files.includes(posix.normalize(target)))
      .map(
        (target) =>
          `exports ${target}, which is not there. Build it, and make \`exports\` and \`publishConfig.exports\` agree.`,
      ),
    ...files
      .filter((file) => isTest(`/${file}`) || file.startsWith("src/"))
      .map((file) => `holds ${file}. Set \`files\` to ["dist"], and keep tests out of what an entry point imports.`),
  ];
}

async function publintProblems(unpacked: string): Promise<readonly string[]> {
  const { messages, pkg } = await publint({ pkgDir: unpacked, pack: false, strict: true });
  return messages
    .filter(({ type }) => type !== "suggestion")
    .map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

async function typesProblems(tarball: string): Promise<readonly string[]> {
  const { code, output } = await runCommand(
    process.execPath,
    [attwProgram(), "--profile", "esm-only", "--no-color", tarball],
    {
      cwd: root,
    },
  );
  return code === 0 ? [] : [`are the types wrong? ${output.trim()}`];
}

function attwProgram(): string {
  const manifestUrl = new URL(import.meta.resolve("@arethetypeswrong/cli/package.json"));
  const { bin } = JSON.parse(readFileSync(manifestUrl, "utf8")) as { readonly bin: Readonly<Record<string, string>> };
  return fileURLToPath(new URL(bin["attw"] ?? "", manifestUrl));
}
