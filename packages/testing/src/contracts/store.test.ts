import { expect, test } from "vitest";
import { failuresOf } from "./collect-tests.ts";
import { referenceStore } from "./reference-store.ts";
import { storeContract } from "./store.ts";
import { type StoreFlaw, storeFlaws } from "./store-flaws.ts";
import type { StoreUnderTest } from "./store-rows.ts";

const make = async (flaw?: StoreFlaw): Promise<StoreUnderTest> => {
  let time = Date.now();
  const advance = (ms: number) => {
    time += ms;
  };
  return { ...referenceStore(() => time, flaw), advance, dispose: async () => {} };
};

storeContract(test, make, { interrupts: true });

test("a store without a clock of its own is waited for", async () => {
  const makeStore = async () => ({ store: referenceStore(Date.now).store, dispose: async () => {} });
  expect(await failuresOf((register) => storeContract(register, makeStore))).toEqual([]);
});

test.for(storeFlaws)("the suite notices a store whose flaw is: %s", async (flaw) => {
  const failures = await failuresOf((register) => storeContract(register, () => make(flaw), { interrupts: true }));
  expect(failures).not.toEqual([]);
});

test("the suite leaves out no test of outages by mistake", async () => {
  const all: string[] = [];
  const without: string[] = [];
  storeContract((name) => all.push(name), make, { interrupts: true });
  storeContract((name) => without.push(name), make);
  expect(all.filter((name) => !without.includes(name)).every((name) => name.startsWith("F7"))).toBe(true);
  expect(all.length).toBeGreaterThan(without.length);
  // With an interrupt that is not said, and without one that is, nothing passes.
  expect(await failuresOf((register) => storeContract(register, make))).toEqual(without);
  const uninterruptible = async () => ({ store: referenceStore(Date.now).store, dispose: async () => {} });
  expect(await failuresOf((register) => storeContract(register, uninterruptible, { interrupts: true }))).toEqual(all);
});
