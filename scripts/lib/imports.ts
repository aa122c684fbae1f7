import { posix } from "node:path";
import ts from "typescript";

/** The specifiers that a file imports: statically, dynamically, for types alone, or to export again. */
export function importsOf(text: string): readonly string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** Which file a specifier means. `entries` gives the file of each entry point: `@grantkeeper/core` → its index.ts. */
export function resolveImport(
  from: string,
  specifier: string,
  entries: ReadonlyMap<string, string> = new Map(),
): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(from), specifier) : entries.get(specifier);
}

/** Each group of files that import one another in a circle, as a path that ends where it began. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const state = new Map<string, "open" | "done">();
  const trail: string[] = [];
  function visit(file: string): void {
    if (state.get(file) === "done") return;
    if (state.get(file) === "open") {
      cycles.push([...trail.slice(trail.indexOf(file)), file]);
      return;
    }
    state.set(file, "open");
    trail.push(file);
    for (const next of graph.get(file) ?? []) visit(next);
    trail.pop();
    state.set(file, "done");
  }
  for (const file of graph.keys()) visit(file);
  return cycles;
}
