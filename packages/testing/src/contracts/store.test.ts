import { expect, test } from "vitest";
import { failuresOf } from "./collect-tests.ts";
import { referenceStore, type StoreFlaw } from "./reference-store.ts";
import { storeContract } from "./store.ts";
import type { StoreUnderTest } from "./store-rows.ts";

const make = async (flaw?: StoreFlaw): Promise<StoreUnderTest> => {
  let time = Date.now();
  const advance = (ms: number) => {
    time += ms;
  };
  return { store: referenceStore(() => time, flaw), advance, dispose: async () => {} };
};

storeContract(test, make);

test("a store without a clock of its own is waited for", async () => {
  const makeStore = async () => ({ store: referenceStore(Date.now), dispose: async () => {} });
  expect(await failuresOf((register) => storeContract(register, makeStore))).toEqual([]);
});

test.for<StoreFlaw>([
  "insert replaces",
  "identity not unique",
  "lease ignores holder",
  "lease ignores version",
  "lease ignores fence",
  "lease keeps fence",
  "lease never ends",
  "lease drops intents",
  "one intent for all sets",
  "release by anyone",
  "release moves fence",
  "commit ignores fence",
  "commit ignores version",
  "commit adds rows",
  "commit wants a live lease",
  "commit keeps lease",
  "commit drops every intent",
  "commit takes identities",
  "delete ignores condition",
  "pages by offset",
  "filter ignored",
  "token hashes ignored",
  "flows stay",
  "flows never expire",
  "settings not compared",
  "bytes shared",
])("the suite notices a store whose flaw is: %s", async (flaw) => {
  expect(await failuresOf((register) => storeContract(register, () => make(flaw)))).not.toEqual([]);
});
