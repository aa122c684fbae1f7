import { setTimeout as delay } from "node:timers/promises";
import { testCommits } from "./store-commits.ts";
import { testLeases } from "./store-leases.ts";
import { testListing } from "./store-listing.ts";
import type { StoreUnderTest } from "./store-rows.ts";
import type { StoreTestFunction } from "./store-test.ts";
import { testRowsAndValues } from "./store-values.ts";
import type { TestFunction } from "./test-function.ts";

/**
 * Registers the tests that every store must pass. `makeStore` gives an empty store for each test, which the suite
 * migrates and closes. `test` is that of vitest or of node:test.
 */
export function storeContract(test: TestFunction, makeStore: () => Promise<StoreUnderTest>): void {
  const withStore: StoreTestFunction = (name, run) =>
    test(name, async () => {
      const { store, advance, dispose } = await makeStore();
      const short = advance ? 30_000 : 300;
      try {
        await store.migrate();
        await run({ store, short, pass: async () => (advance ? advance(short + 1) : delay(short + 50)) });
        await store.close();
      } finally {
        await dispose();
      }
    });

  testRowsAndValues(withStore);
  testLeases(withStore);
  testCommits(withStore);
  testListing(withStore);
}
