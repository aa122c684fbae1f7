import { globSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";

/** The fields of package.json that the checks read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: boolean;
  readonly engines?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Package {
  /** Relative to the root, with `/`: `packages/core`. */
  readonly path: string;
  /** Absolute. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export const root: string = join(import.meta.dirname, "..", "..");

/** Every package of the workspace, by path. */
export function allPackages(): readonly Package[] {
  return findFiles(["packages/*/package.json", "packages/*/*/package.json", "apps/*/package.json"]).map((file) => {
    const path = dirname(file);
    return { path, folder: join(root, path), manifest: readManifest(join(root, file)) };
  });
}

export function publicPackages(): readonly Package[] {
  return allPackages().filter(({ manifest }) => manifest.private !== true);
}

/** The connector packages by id, which is the name of their folder. */
export function connectorPackages(): readonly (Package & { readonly id: string })[] {
  return allPackages()
    .filter(({ path }) => path.startsWith("packages/connectors/"))
    .map((found) => ({ ...found, id: found.path.slice("packages/connectors/".length) }));
}

export function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, "utf8")) as Manifest;
}

/** Files that match the globs, relative to the root, with `/`, sorted; what was installed or built is left out. */
export function findFiles(globs: readonly string[]): readonly string[] {
  const found = globSync(globs, { cwd: root, exclude: (name) => name === "node_modules" || name === "dist" });
  return [...new Set(found.map((file) => file.replaceAll(sep, "/")))].sort();
}

/** The texts of files by their path. */
export function readFiles(paths: readonly string[]): ReadonlyMap<string, string> {
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
}

/** Whether a file serves tests alone. */
export function isTest(path: string): boolean {
  return /\.test(-d)?\.[cm]?[jt]sx?$|\/(test|tests|fixtures)\//.test(path);
}
