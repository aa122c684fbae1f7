import { runCommand } from "./lib/command.ts";
import { root } from "./lib/workspace.ts";

export const name = "knip";

/** Files, exports and dependencies that nothing uses, and dependencies that nothing declares. */
export async function run(): Promise<readonly string[]> {
  const args = ["exec", "knip", "--no-progress"];
  const { code, output } = await runCommand("pnpm", args, { cwd: root });
  return code === 0
    ? []
    : [`${output.trim()}\nRemove what is unused; declare what is used in that package's package.json.`];
}
