import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import type { EngineState } from "../engine/state.ts";

export interface StateFile {
  readonly state: EngineState;
  /** Resolves once everything that the state holds now is in the file. */
  readonly save: () => Promise<void>;
}

/** Opens the state of a provider: from a file where one is named and exists, else a new one. */
export async function openState(path: string | undefined): Promise<StateFile> {
  const fresh = (): EngineState => ({ key: randomBytes(32).toString("base64url"), grants: [], codes: {} });
  if (path === undefined) return { state: fresh(), save: async () => {} };
  const state = (await readState(path)) ?? fresh();

  let writing: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let written: string | undefined;
  const write = async () => {
    const text = JSON.stringify(state);
    if (text === written) return;
    const temporary = `${path}.${process.pid}.tmp`;
    await writeFile(temporary, text, { mode: 0o600 });
    await rename(temporary, path);
    written = text;
  };
  // All who ask while a write is under way share the one after it.
  const save = (): Promise<void> => {
    if (writing === undefined) {
      writing = write().finally(() => {
        writing = undefined;
      });
      return writing;
    }
    next ??= writing
      .catch(() => {})
      .then(() => {
        next = undefined;
        return save();
      });
    return next;
  };
  return { state, save };
}

async function readState(path: string): Promise<EngineState | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return JSON.parse(text) as EngineState;
}
