import type { Store } from "@grantkeeper/core/store";

export interface StoreTest {
  readonly store: Store;
  /** A duration, in milliseconds, that `pass` outlasts and nothing else does. */
  readonly short: number;
  /** Lets `short` run out on the store's clock. */
  readonly pass: () => Promise<void>;
  /** Makes the store unreachable while `work` runs. */
  readonly away: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

export type StoreTestFunction = (name: string, run: (it: StoreTest) => Promise<void>) => void;
