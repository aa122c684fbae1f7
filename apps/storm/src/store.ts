import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "@grantkeeper/core/store";
import { postgresStore } from "@grantkeeper/store-postgres";
import { sqliteStore } from "@grantkeeper/store-sqlite";
import { Pool } from "pg";

export type StoreKind = "sqlite" | "postgres";

/** How a process opens the store. */
export type StoreConfig =
  | { readonly kind: "sqlite"; readonly path: string }
  | { readonly kind: "postgres"; readonly url: string; readonly schema: string; readonly poolSize: number };

export interface OpenStore {
  readonly store: Store;
  /** What is open beside the store, once that is closed. */
  close(): Promise<void>;
}

const postgresUrl: string = process.env["POSTGRES_URL"] ?? "postgres://postgres@127.0.0.1:5432/postgres";

/** As an application would: with limits, so that a network that is silent is noticed. */
const patienceMs = 2_000;

export function openStore(config: StoreConfig): OpenStore {
  if (config.kind === "sqlite") return { store: sqliteStore(config.path), close: async () => undefined };
  const pool = new Pool({
    connectionString: config.url,
    max: config.poolSize,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
  });
  // A connection that breaks while it is idle is replaced by the next one.
  pool.on("error", () => undefined);
  return { store: postgresStore({ pool, schema: config.schema }), close: () => pool.end() };
}

export interface StoreHome {
  readonly config: StoreConfig;
  /** Removes all of it. */
  remove(): Promise<void>;
}

/** A place for a store of its own: a file in the folder, or a schema that is dropped in the end. */
export async function createStoreHome(kind: StoreKind, folder: string, name: string): Promise<StoreHome> {
  if (kind === "sqlite") {
    mkdirSync(folder, { recursive: true });
    return { config: { kind, path: join(folder, "grants.db") }, remove: async () => undefined };
  }
  const reason = await missingPostgres();
  if (reason !== undefined) throw new Error(reason);
  return {
    config: { kind, url: postgresUrl, schema: name, poolSize: 4 },
    remove: () => withPool(async (pool) => void (await pool.query(`DROP SCHEMA IF EXISTS "${name}" CASCADE`))),
  };
}

/** Why there is no PostgreSQL to be used; `undefined` where there is one. */
export async function missingPostgres(): Promise<string | undefined> {
  try {
    await withPool((pool) => pool.query("SELECT 1"));
    return undefined;
  } catch {
    return `no PostgreSQL answers at ${new URL(postgresUrl).host} (POSTGRES_URL)`;
  }
}

async function withPool<Result>(work: (pool: Pool) => Promise<Result>): Promise<Result> {
  const pool = new Pool({ connectionString: postgresUrl, max: 1, connectionTimeoutMillis: 5_000 });
  pool.on("error", () => undefined);
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}
