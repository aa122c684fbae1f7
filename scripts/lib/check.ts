/** Prints one line of progress. */
export type Say = (line: string) => void;

export interface Check {
  readonly name: string;
  /** Returns what is wrong, each with how to put it right; empty when all is well. */
  readonly run: (say: Say) => Promise<readonly string[]>;
}
