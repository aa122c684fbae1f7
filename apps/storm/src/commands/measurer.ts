import { openKeeper } from "../keeper.ts";
import { openStore } from "../store.ts";
import { obeyParent } from "./child.ts";
import type { Measured, ToMeasurer } from "./cost.ts";

/** A process that refreshes one connection after another and takes the time: the provider has a process of its own. */
obeyParent(async ({ setup, connections }: ToMeasurer): Promise<Measured> => {
  let requestMs = 0;
  const timedFetch: typeof globalThis.fetch = async (input, init) => {
    const startedAt = performance.now();
    const response = await globalThis.fetch(input, init);
    const body = await response.arrayBuffer();
    requestMs += performance.now() - startedAt;
    return new Response(body, { status: response.status, headers: response.headers });
  };
  const { store, close } = openStore(setup.store);
  const keeper = openKeeper(setup, store, timedFetch);
  const times: { readonly totalMs: number; readonly requestMs: number }[] = [];
  try {
    for (const id of connections) {
      requestMs = 0;
      const startedAt = performance.now();
      await keeper.connection("main", { id }).token();
      times.push({ totalMs: performance.now() - startedAt, requestMs });
    }
  } finally {
    await keeper.close();
    await close();
  }
  return { kind: "measured", times };
});
