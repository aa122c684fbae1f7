import { GrantkeeperError } from "../errors.ts";

/** What a pass over the store has done. */
export interface PassProgress {
  /** Connections that were looked at. */
  readonly seen: number;
  /** Those of them that were changed. */
  readonly changed: number;
  /** Those of them where it did not succeed; the next pass tries them again. */
  readonly failed: number;
}

export interface PassOptions {
  /** Ends the pass between two pages, with `aborted`. */
  readonly signal?: AbortSignal;
  /** Called after each page. */
  readonly onProgress?: (progress: PassProgress) => void;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly next: string | undefined;
}

/** Walks over pages of rows and counts what became of each. A row that fails stops no other. */
export async function passOver<Row>(
  { signal, onProgress }: PassOptions,
  nextPage: (after: string | undefined) => Promise<Page<Row>>,
  visit: (row: Row) => Promise<"changed" | "left" | "failed">,
): Promise<PassProgress> {
  let progress: PassProgress = { seen: 0, changed: 0, failed: 0 };
  let after: string | undefined;
  do {
    if (signal?.aborted === true) throw new GrantkeeperError("aborted", "The pass was stopped.");
    const page = await nextPage(after);
    const outcomes = await Promise.all(page.rows.map(visit));
    const count = (kind: string): number => outcomes.filter((outcome) => outcome === kind).length;
    progress = {
      seen: progress.seen + outcomes.length,
      changed: progress.changed + count("changed"),
      failed: progress.failed + count("failed"),
    };
    onProgress?.(progress);
    after = page.next;
  } while (after !== undefined);
  return progress;
}
