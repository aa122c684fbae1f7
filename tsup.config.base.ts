import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Options } from "tsup";

interface Manifest {
  readonly exports: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const entry = Object.values(manifest.exports).filter((path) => path.startsWith("./src/"));

/** Builds what a package's `exports` name: `./src/x.ts` becomes `./dist/x.js` with its types. */
const options: Options = {
  entry,
  format: ["esm"],
  target: "node22",
  dts: { compilerOptions: { noEmit: false, isolatedDeclarations: true, declaration: true } },
  tsconfig: fileURLToPath(new URL("./tsconfig.base.json", import.meta.url)),
  clean: true,
  treeshake: true,
  splitting: true,
  // Some modules, such as node:sqlite, have no name without it.
  removeNodeProtocol: false,
};

export default options;
