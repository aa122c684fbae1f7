import { expect, test } from "vitest";
import { failuresOf } from "./collect-tests.ts";
import { emptyMaps, type ReferenceMaps, referenceStore } from "./reference-store.ts";
import { sealedStoreContract } from "./sealed-store.ts";
import type { SealedStoreUnderTest, StoreDoor } from "./sealed-store-door.ts";

function doorTo({ rows, flows, records }: ReferenceMaps): StoreDoor {
  return {
    readRow: async (connectionId) => rows.get(connectionId),
    async writeRow(connectionId, change) {
      const row = rows.get(connectionId);
      if (row !== undefined) rows.set(connectionId, { ...row, ...change });
    },
    readFlows: async () => [...flows].map(([key, { sealed }]) => ({ key, sealed })),
    async writeFlow(key, sealed) {
      const flow = flows.get(key);
      if (flow !== undefined) flows.set(key, { ...flow, sealed });
    },
    async dump() {
      const texts = [rows, flows, records].map((map) => Buffer.from(JSON.stringify([...map])));
      const bytes = [...rows.values()].flatMap(({ sealed, wrappedKey }) => [sealed, wrappedKey]);
      return [...texts, ...bytes, ...[...flows.values()].map(({ sealed }) => sealed), ...records.values()];
    },
  };
}

const makePlace = async (change: Partial<StoreDoor> = {}): Promise<SealedStoreUnderTest> => {
  const maps = emptyMaps();
  const openStore = () => referenceStore(Date.now, undefined, maps).store;
  return { openStore, door: { ...doorTo(maps), ...change }, dispose: async () => {} };
};

sealedStoreContract(test, () => makePlace());

test.for<[string, Partial<StoreDoor>, RegExp]>([
  ["changes no row", { writeRow: async () => {} }, /^E2 two rows/],
  ["changes no flow", { writeFlow: async () => {} }, /^E2 two sign-ins/],
  ["finds no row", { readRow: async () => undefined }, /^E2 two rows/],
  ["shows nothing of what is kept", { dump: async () => [] }, /^(R54 what|E8)/],
  ["finds no flow", { readFlows: async () => [] }, /^E2 two sign-ins/],
])("the suite notices a door that %s", async ([, change, pattern]) => {
  const some: string[] = [];
  const failures = await failuresOf((register) =>
    sealedStoreContract(
      (name, run) => {
        if (!pattern.test(name)) return;
        some.push(name);
        register(name, run);
      },
      () => makePlace(change),
    ),
  );
  expect(failures).toEqual(some);
  expect(some).not.toEqual([]);
});
