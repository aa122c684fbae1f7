import type { Keyv } from "keyv";
import type { KeyvLike } from "./access.ts";

/** Keyv on a Map. It is loaded at the first use, since an application with another store never uses it. */
export function keyvMemory(): KeyvLike {
  const store = new Map<string, unknown>();
  let loading: Promise<Keyv> | undefined;
  function loaded(): Promise<Keyv> {
    loading ??= import("keyv").then(({ Keyv }) => new Keyv({ store, serialization: false }));
    return loading;
  }
  return {
    store,
    get: async (key) => (await loaded()).get(key),
    set: async (key, value, ttl) => (await loaded()).set(key, value, ttl),
    delete: async (key) => (await loaded()).delete(key),
    async *iterator() {
      yield* (await loaded()).iterator();
    },
    disconnect: async () => (await loaded()).disconnect(),
  };
}
