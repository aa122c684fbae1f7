import { runCommand } from "./lib/command.ts";
import { root } from "./lib/workspace.ts";

export const name = "biome";

/** Lint, format and import order. */
export async function run(): Promise<readonly string[]> {
  const { code, output } = await runCommand(
    "pnpm",
    ["exec", "biome", "ci", "--colors=off", "--diagnostic-level=warn", "."],
    { cwd: root },
  );
  return code === 0 ? [] : [`${output.trim()}\nRun \`pnpm format\`, and correct the rest by hand.`];
}
