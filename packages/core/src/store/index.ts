export { type KeyvLike, type KeyvStoreOptions, keyvStore } from "./keyv-store.ts";
export { checkLimit, endOfPrefix } from "./paging.ts";
export type * from "./port.ts";
