import type { Store } from "@grantkeeper/core/store";

/** At the boundary between two writes: before it hears that the one is done, or as it asks for the next. */
export type Death = "unheard" | "asking";

export interface LastWrite {
  /** The row's connection, or the record's name. */
  readonly name: string;
  readonly value: Uint8Array | undefined;
}

/**
 * The store of a process that rotates keys and dies when it has written once: what it asks for afterwards never reaches the
 * store, and is never answered.
 */
export function mortalStore(store: Store, death: Death): { readonly store: Store; readonly died: Promise<LastWrite> } {
  const never = new Promise<never>(() => undefined);
  let die = (_last: LastWrite): void => undefined;
  const died = new Promise<LastWrite>((resolve) => {
    die = resolve;
  });
  let last: LastWrite | undefined;
  let isDone = false;
  let isAsking = false;

  async function write<Outcome>(asked: LastWrite, work: () => Promise<Outcome>): Promise<Outcome> {
    if (last !== undefined) {
      isAsking = true;
      if (isDone) die(last);
      return never;
    }
    last = asked;
    const outcome = await work();
    isDone = true;
    // The others of its page are asked for at once.
    if (death === "unheard" || isAsking) die(last);
    return death === "unheard" ? never : outcome;
  }

  return {
    died,
    store: {
      ...store,
      rewrap: (request) =>
        write({ name: request.connectionId, value: request.wrappedKey }, () => store.rewrap(request)),
      records: {
        ...store.records,
        compareAndSet: (name, expected, value) =>
          write({ name, value }, () => store.records.compareAndSet(name, expected, value)),
      },
    },
  };
}
