import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes a folder that is removed when this process ends. */
export function temporaryFolder(purpose: string): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `grantkeeper-${purpose}-`)));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
