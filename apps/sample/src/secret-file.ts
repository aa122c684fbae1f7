import { readFile, writeFile } from "node:fs/promises";

/**
 * A secret for development: made at the first start and kept in a file that only this user reads. In production it comes
 * from the environment or a secret manager, away from the database whose rows it opens.
 */
export async function readOrCreateSecret(path: string, create: () => string): Promise<string> {
  try {
    // `wx` never replaces a key: rows sealed with it would be lost.
    await writeFile(path, `${create()}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const secret = (await readFile(path, "utf8")).trim();
  // Two first starts at once, or one that was cut short. An empty key would sign and seal as if it were one.
  if (secret === "") throw new Error(`${path} is empty. Start again; if it stays so, delete it.`);
  return secret;
}
