import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface ConnectorBundle {
  readonly text: string;
  /** Gzipped. */
  readonly bytes: number;
  /** The files that it is made of, from the package's folder. */
  readonly inputs: readonly string[];
}

/** What an application takes in by importing one connector: an entry of its package and the chunks that it imports at once. */
export async function bundleConnector(folder: string, entry = "./src/index.ts"): Promise<ConnectorBundle> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: folder,
    entryPoints: [join(entry)],
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
  const needed = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === entry.slice("./".length)));
  for (const path of needed) {
    for (const { kind, path: next } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && next in outputs) needed.add(next);
    }
  }
  const texts = outputFiles.filter(({ path }) => [...needed].some((name) => path === join(folder, name)));
  const text = texts.map((file) => file.text).join("\n");
  const inputs = [...needed].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
  return { text, bytes: gzipSync(text).byteLength, inputs };
}
