export type { PostgresClient, PostgresPool, PostgresResult } from "./pool.ts";
export { type PostgresStoreOptions, postgresStore } from "./store.ts";
