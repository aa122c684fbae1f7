import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { benchmarksPage } from "../benchmarks/src/report/page.ts";
import type { Report } from "../benchmarks/src/report/report.ts";
import type { Say } from "./lib/check.ts";
import { runCommand } from "./lib/command.ts";
import { connectorManifest } from "./lib/connector-manifest.ts";
import { connectorsPage } from "./lib/connectors-page.ts";
import { standardsPage } from "./lib/standards-page.ts";
import { connectorPackages, root } from "./lib/workspace.ts";
import { requirementsAndTests } from "./requirements.ts";

export const name = "generated";

/** The generated files by their path from the root, as they should be. */
export async function generateFiles(): Promise<ReadonlyMap<string, string>> {
  const connectors = connectorPackages();
  const files = new Map<string, string>();
  for (const { id, path, manifest } of connectors) files.set(`${path}/package.json`, connectorManifest(id, manifest));
  const benchmarks = currentText("benchmarks/results/latest.json");
  if (benchmarks !== undefined) {
    const page = benchmarksPage(JSON.parse(benchmarks) as Report);
    files.set("docs/benchmarks.md", await formatted("docs/benchmarks.md", page));
  }
  files.set("docs/connectors.md", await formatted("docs/connectors.md", await connectorsPage(connectors)));
  const { requirements, testsOf } = requirementsAndTests();
  const standards = standardsPage(requirements, testsOf);
  files.set("docs/standards.md", await formatted("docs/standards.md", standards));
  return files;
}

/** Generated files are as `node scripts/generate.ts` would write them. */
export async function run(say: Say): Promise<readonly string[]> {
  const files = await generateFiles();
  say(`${files.size} files`);
  return [...files]
    .filter(([path, text]) => currentText(path) !== text)
    .map(([path]) => `${path} is not as generated. Run \`node scripts/generate.ts\` and commit what it writes.`);
}

export function currentText(path: string): string | undefined {
  const file = join(root, path);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** As Biome formats it, so that `pnpm format` changes nothing. */
async function formatted(path: string, text: string): Promise<string> {
  const args = ["exec", "biome", "format", `--stdin-file-path=${path}`];
  const { code, stdout, output } = await runCommand("pnpm", args, { cwd: root, input: text });
  if (code !== 0) throw new Error(`Formatting ${path} failed:\n${output}`);
  return stdout;
}
