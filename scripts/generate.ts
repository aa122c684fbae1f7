// Writes what is generated: what repeats in connectors' package.json, and the pages of connectors, standards and benchmarks.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { currentText, generateFiles } from "./generated.ts";
import { root } from "./lib/workspace.ts";

for (const [path, text] of await generateFiles()) {
  const changed = currentText(path) !== text;
  if (changed) writeFileSync(join(root, path), text);
  console.log(`${changed ? "wrote" : "as it was"}  ${path}`);
}
