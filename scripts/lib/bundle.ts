import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build } from "esbuild";

export interface Bundle {
  readonly text: string;
  /** Gzipped. */
  readonly bytes: number;
  /** The files that it is made of, from the folder. */
  readonly inputs: readonly string[];
}

/** What an application takes in by importing one connector. `entry` is a file from its package's folder. */
export function bundleConnector(folder: string, entry = "./src/index.ts"): Promise<Bundle> {
  return bundle(folder, { entryPoints: [entry] }, entry.slice("./".length));
}

/** What an application takes in by a program, with what is installed in the folder. */
export function bundleProgram(folder: string, program: string): Promise<Bundle> {
  const sourcefile = "program.js";
  return bundle(folder, { stdin: { contents: program, resolveDir: folder, sourcefile } }, sourcefile);
}

/** Minified, with all that is imported at once; what may be loaded later is left out. */
async function bundle(folder: string, entry: BuildOptions, entryPoint: string): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    ...entry,
    absWorkingDir: folder,
    outdir: "out",
    bundle: true,
    minify: true,
    format: "esm",
    splitting: true,
    platform: "node",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const { outputs } = metafile;
  const needed = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === entryPoint));
  for (const path of needed) {
    for (const { kind, path: next } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && next in outputs) needed.add(next);
    }
  }
  const paths = new Set([...needed].map((path) => resolve(folder, path)));
  const text = outputFiles
    .filter(({ path }) => paths.has(path))
    .map((file) => file.text)
    .join("\n");
  if (text === "") throw new Error(`The bundle of ${entryPoint} is empty.`);
  const inputs = [...needed].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
  return { text, bytes: gzipSync(text).byteLength, inputs };
}
