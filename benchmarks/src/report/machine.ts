import { readFileSync } from "node:fs";
import { arch, availableParallelism, cpus, release, totalmem, type } from "node:os";
import { join } from "node:path";
import type { Machine } from "./report.ts";

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

export function readMachine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    processors: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    platform: `${type()} ${release()} ${arch()}`,
    node: process.version,
  };
}

/** Versions of what the sides are made of; this repository's own packages are as they lie here. */
export function readVersions(): Readonly<Record<string, string>> {
  const folder = join(import.meta.dirname, "..", "..");
  const { dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  const foreign = Object.keys(dependencies).filter((name) => !name.startsWith("@grantkeeper/"));
  return Object.fromEntries(
    foreign.map((name) => {
      const manifest = readFileSync(join(folder, "node_modules", name, "package.json"), "utf8");
      return [name, (JSON.parse(manifest) as { readonly version: string }).version];
    }),
  );
}
