import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { testClaims } from "./store-claims.ts";
import { testCommits } from "./store-commits.ts";
import { testLeases } from "./store-leases.ts";
import { testListing } from "./store-listing.ts";
import { testOutages } from "./store-outages.ts";
import { testRewraps } from "./store-rewraps.ts";
import type { StoreUnderTest } from "./store-rows.ts";
import type { StoreTestFunction } from "./store-test.ts";
import { testRowsAndValues } from "./store-values.ts";
import type { TestFunction } from "./test-function.ts";

export interface StoreContractOptions {
  /** Whether `makeStore` gives an `interrupt`, and so whether outages are tested. Default: false. */
  readonly interrupts?: boolean;
}

/**
 * Registers the tests that every store must pass. `makeStore` gives an empty store for each test, which the suite
 * migrates and closes. `test` is that of vitest or of node:test.
 */
export function storeContract(
  test: TestFunction,
  makeStore: () => Promise<StoreUnderTest>,
  { interrupts = false }: StoreContractOptions = {},
): void {
  const withStore: StoreTestFunction = (name, run) =>
    test(name, async () => {
      const { store, advance, interrupt, dispose } = await makeStore();
      const short = advance ? 30_000 : 300;
      const pass = async () => (advance ? advance(short + 1) : delay(short + 50));
      const away = async <Result>(work: () => Promise<Result>): Promise<Result> => {
        assert.ok(interrupt, "a store under test whose outages are tested has an interrupt");
        const bringBack = await interrupt();
        try {
          return await work();
        } finally {
          await bringBack();
        }
      };
      try {
        // Tests are registered before the first store is made: a mistake here would leave some of them out.
        assert.equal(interrupt !== undefined, interrupts, "`interrupts` says whether there is an interrupt");
        await store.migrate();
        await run({ store, short, pass, away });
        await store.close();
      } finally {
        await dispose();
      }
    });

  testRowsAndValues(withStore);
  testLeases(withStore);
  testCommits(withStore);
  testRewraps(withStore);
  testClaims(withStore);
  testListing(withStore);
  if (interrupts) testOutages(withStore);
}
