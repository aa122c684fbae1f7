import { storeContract } from "@grantkeeper/testing";
import { test } from "vitest";
import { createMemoryStore } from "./memory-store.ts";
import { storePort } from "./store-port.ts";

storeContract(test, async () => {
  let time = Date.now();
  const store = createMemoryStore({ now: () => time });
  return {
    store: storePort(store, async (_operation, act) => act()),
    advance: (ms: number) => {
      time += ms;
    },
    dispose: async () => undefined,
  };
});
