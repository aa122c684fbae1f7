import { join } from "node:path";
import { bundleProgram } from "../../../../../scripts/lib/bundle.ts";
import { runCommand } from "../../../../../scripts/lib/command.ts";
import { sizeOf } from "../../../../../scripts/lib/installed.ts";
import type { OpenSide } from "../../../runner/side.ts";
import { countPackages, installOwn, installPeer } from "../install.ts";

/**
 * Installs `package` (or this repository's packages, where it is left out), and imports it in a new process in each round.
 * `program` is what an application would write at its top.
 */
export const open: OpenSide = async ({ package: name, program }) => {
  const own = ["@grantkeeper/core", "@grantkeeper/github"];
  const folder = name === undefined ? await installOwn(own) : await installPeer(String(name));
  const installed = {
    installedKiB: sizeOf(join(folder, "node_modules")) / 1024,
    packages: countPackages(folder),
    bundleKiB: (await bundleProgram(folder, String(program))).bytes / 1024,
  };
  const measured = `const before = process.memoryUsage().rss;
const startedAt = performance.now();
${String(program).replaceAll(/^export \{ (.+) \} from (.+);$/gm, "await import($2);")}
const milliseconds = performance.now() - startedAt;
console.log(JSON.stringify({ milliseconds, memoryKiB: (process.memoryUsage().rss - before) / 1024 }));`;
  async function once(): Promise<Readonly<Record<string, number>>> {
    const args = ["--input-type=module", "--eval", measured];
    const { code, stdout, output } = await runCommand(process.execPath, args, { cwd: folder });
    if (code !== 0) throw new Error(`Importing failed:\n${output}`);
    return JSON.parse(stdout) as Readonly<Record<string, number>>;
  }
  // Its files are in the system's cache after that.
  await once();
  return { round: async () => ({ ...(await once()), ...installed }) };
};
