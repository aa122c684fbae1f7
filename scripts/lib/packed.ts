import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { mapPool } from "./pool.ts";
import { temporaryFolder } from "./temporary.ts";
import { type Package, publicPackages } from "./workspace.ts";

export interface PackedPackage extends Package {
  /** What `pnpm publish` would send. */
  readonly tarball: string;
}

let packed: Promise<readonly PackedPackage[]> | undefined;

/** Packs every public package, once for all checks. */
export function packPackages(): Promise<readonly PackedPackage[]> {
  packed ??= mapPool(publicPackages(), 2, packOne);
  return packed;
}

async function packOne(one: Package): Promise<PackedPackage> {
  const target = join(packFolder(), one.path.replaceAll("/", "-"));
  mkdirSync(target);
  const { code, output } = await runCommand("pnpm", ["pack", "--pack-destination", target], { cwd: one.folder });
  const tarball = readdirSync(target).find((name) => name.endsWith(".tgz"));
  if (code !== 0 || tarball === undefined) throw new Error(`pnpm pack failed in ${one.path}:\n${output}`);
  return { ...one, tarball: join(target, tarball) };
}

let folder: string | undefined;

function packFolder(): string {
  folder ??= temporaryFolder("packed");
  return folder;
}
