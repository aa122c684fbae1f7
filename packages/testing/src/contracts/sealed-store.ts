import type { SealedStoreUnderTest } from "./sealed-store-door.ts";
import { testSealedFlows } from "./sealed-store-flows.ts";
import { testKept } from "./sealed-store-kept.ts";
import { testSealedInMemory } from "./sealed-store-memory.ts";
import { testSealedRecords } from "./sealed-store-records.ts";
import { testSealedRows } from "./sealed-store-rows.ts";
import { type SealedStoreTest, withWorld } from "./sealed-store-world.ts";
import type { TestFunction } from "./test-function.ts";

/**
 * Registers the tests of what a store keeps sealed: keepers use it, and what lies in it is changed behind their backs, by a
 * door of the store's own. Nothing that was changed, moved or turned back opens, all of it is kept, and no provider hears
 * of it; and nothing that is kept can be read. `makePlace` gives an empty place for each test. `test` is that of vitest or
 * of node:test.
 */
export function sealedStoreContract(test: TestFunction, makePlace: () => Promise<SealedStoreUnderTest>): void {
  const inWorld: SealedStoreTest = (name, run) => test(name, async () => withWorld(await makePlace(), run));

  testSealedRows(inWorld);
  testSealedInMemory(inWorld);
  testSealedFlows(inWorld);
  testSealedRecords(inWorld);
  testKept(test, makePlace);
}
