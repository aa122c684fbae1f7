type Method = "get" | "set" | "delete" | "iterator" | "disconnect";

export interface Adapter {
  /** What the methods throw, once it is given. */
  fail: Error | undefined;
  /** The one method that fails; all of them where it is left out. */
  failOnly: Method | undefined;
  /** With `fail`: so many calls still do their work, and only their answers are lost. */
  lostAnswers: number;
  /** Says no to every value. */
  refuse: boolean;
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  clear(): Promise<void>;
  has(key: string): Promise<boolean>;
  iterator(): AsyncIterable<[string, unknown]>;
  disconnect(): Promise<void>;
}

/** A storage adapter in memory that is no Map, does one thing after another, and fails when it is told to. */
export function createAdapter(): Adapter {
  const values = new Map<string, unknown>();
  let turn: Promise<unknown> = Promise.resolve();

  function inTurn<Result>(method: Method, operation: () => Result): Promise<Result> {
    const result = turn.then(async () => {
      const { fail, failOnly = method } = adapter;
      if (fail === undefined || failOnly !== method) return operation();
      if (adapter.lostAnswers-- > 0) operation();
      throw fail;
    });
    turn = result.catch(() => undefined);
    return result;
  }

  const adapter: Adapter = {
    fail: undefined,
    failOnly: undefined,
    lostAnswers: 0,
    refuse: false,
    get: (key) => inTurn("get", () => values.get(key)),
    set: (key, value) =>
      inTurn("set", () => {
        if (!adapter.refuse) values.set(key, value);
        return !adapter.refuse;
      }),
    delete: (key) => inTurn("delete", () => values.delete(key)),
    clear: async () => values.clear(),
    has: async (key) => values.has(key),
    async *iterator() {
      yield* await inTurn("iterator", () => [...values]);
    },
    disconnect: () => inTurn("disconnect", () => undefined),
  };
  return adapter;
}
