import { openKeeper } from "../keeper.ts";
import { openStore } from "../store.ts";
import { obeyParent } from "./child.ts";
import type { Measured, RefreshTime, ToMeasurer } from "./cost.ts";

/** A process that refreshes one connection after another and takes the time: the provider has a process of its own. */
obeyParent(async ({ setup, connections }: ToMeasurer): Promise<Measured> => {
  let requestMs = 0;
  const timedFetch: typeof globalThis.fetch = async (input, init) => {
    const startedAt = performance.now();
    const response = await globalThis.fetch(input, init);
    onceRead(response, () => {
      requestMs += performance.now() - startedAt;
    });
    return response;
  };
  let hours = 0;
  const now = (): number => Date.now() + hours * 3_600_000;
  const { store, close } = openStore(setup.store);
  const keeper = openKeeper(setup, store, { fetch: timedFetch, now });

  async function refreshAll(): Promise<readonly RefreshTime[]> {
    const times: RefreshTime[] = [];
    for (const id of connections) {
      requestMs = 0;
      const startedAt = performance.now();
      await keeper.connection("main", { id }).token();
      times.push({ totalMs: performance.now() - startedAt, requestMs });
    }
    return times;
  }

  try {
    const unopened = await refreshAll();
    // All tokens have run out once more.
    hours++;
    return { kind: "measured", unopened, held: await refreshAll() };
  } finally {
    await keeper.close();
    await close();
  }
});

/** Calls `then` when the last of a response's body has been read. Its reader is the response's own: a copy would cost time. */
function onceRead({ body }: Response, then: () => void): void {
  if (body === null) {
    then();
    return;
  }
  const getReader = body.getReader.bind(body) as () => ReadableStreamDefaultReader<Uint8Array>;
  const timedReader = (): ReadableStreamDefaultReader<Uint8Array> => {
    const reader = getReader();
    const read = reader.read.bind(reader);
    reader.read = async () => {
      const result = await read();
      if (result.done) then();
      return result;
    };
    return reader;
  };
  Object.assign(body, { getReader: timedReader });
}
