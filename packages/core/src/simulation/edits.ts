import { registerHooks } from "node:module";

/** A change to a source file of the core, made as it is loaded. */
export interface Edit {
  /** Its path from packages/core/src. */
  readonly file: string;
  /** Occurs in it exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Makes the changes in every module that is loaded from now on. Throws where one does not fit its file any more. */
export function applyEdits(edits: readonly Edit[]): void {
  const byUrl = new Map<string, Edit[]>();
  for (const edit of edits) {
    const url = new URL(`../${edit.file}`, import.meta.url).href;
    byUrl.set(url, [...(byUrl.get(url) ?? []), edit]);
  }
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const own = byUrl.get(url);
      if (own === undefined || loaded.source === undefined || loaded.source === null) return loaded;
      const text =
        typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
      return { ...loaded, source: own.reduce(edited, text) };
    },
  });
}

/** The text with the change in it. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const parts = text.split(find);
  if (parts.length === 2) return parts.join(replace);
  throw new Error(`${file} holds ${parts.length - 1} times, and not once: ${find}`);
}
