import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../../../scripts/lib/command.ts";
import { installPacked } from "../../../../scripts/lib/installed.ts";
import { packPackages } from "../../../../scripts/lib/packed.ts";
import { temporaryFolder } from "../../../../scripts/lib/temporary.ts";
import { readVersions } from "../../report/machine.ts";

/** This repository's packages as they would be published; they must have been built. */
export async function installOwn(names: readonly string[]): Promise<string> {
  return installPacked(await packPackages(), names);
}

/** A package in the version that is measured, alone in an application. */
export async function installPeer(name: string): Promise<string> {
  const folder = temporaryFolder("peer");
  const dependencies = { [name]: readVersions()[name] };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "application", private: true, dependencies }));
  writeFileSync(join(folder, "pnpm-workspace.yaml"), "packages: []\npmOnFail: ignore\n");
  const args = ["install", "--ignore-scripts", "--prefer-offline", "--no-frozen-lockfile"];
  const { code, output } = await runCommand("pnpm", args, { cwd: folder });
  if (code !== 0) throw new Error(`Installing ${name} failed:\n${output}`);
  return folder;
}

/** How many packages an installation holds. */
export function countPackages(folder: string): number {
  return readdirSync(join(folder, "node_modules", ".pnpm"), { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && entry.name !== "node_modules",
  ).length;
}
