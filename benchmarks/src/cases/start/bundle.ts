import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** Bytes, minified and gzipped, of a program with all that it imports at once; what it may load later is left out. */
export async function bundleBytes(folder: string, program: string): Promise<number> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: folder,
    stdin: { contents: program, resolveDir: folder, sourcefile: "program.js" },
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
  const needed = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === "program.js"));
  for (const path of needed) {
    for (const { kind, path: next } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && next in outputs) needed.add(next);
    }
  }
  const paths = new Set([...needed].map((path) => resolve(folder, path)));
  const files = outputFiles.filter(({ path }) => paths.has(path));
  if (files.length === 0) throw new Error("The bundle is empty.");
  return gzipSync(files.map(({ text }) => text).join("\n")).byteLength;
}
