/** Whose connection it is; of one that was erased nobody knows. */
export interface Subject {
  readonly ownerHash: string;
  /** `undefined` where it could not be opened. */
  readonly owner?: string | undefined;
}
