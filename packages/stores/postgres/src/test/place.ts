import { GrantkeeperError } from "@grantkeeper/core";
import type { GrantRow, Store } from "@grantkeeper/core/store";
import type { Pool, PoolConfig } from "pg";
import { expect, onTestFinished } from "vitest";
import { postgresStore } from "../index.ts";
import { newRow } from "./rows.ts";
import { createPool, dropSchema, newSchemaName } from "./server.ts";

/** A pool that is ended after the test. */
export function openPool(config: PoolConfig = {}): Pool {
  const pool = createPool(config);
  onTestFinished(() => pool.end());
  return pool;
}

export interface Place {
  readonly schema: string;
  readonly pool: Pool;
  readonly store: Store;
}

/** A schema of its own for one test, gone afterwards. */
export async function createPlace(config: PoolConfig = {}): Promise<Place> {
  const place = createEmptyPlace(config);
  await place.store.migrate();
  return place;
}

/** The same without its tables. */
export function createEmptyPlace(config: PoolConfig = {}): Place {
  const pool = openPool(config);
  const schema = newSchemaName();
  onTestFinished(() => dropSchema(pool, schema));
  return { schema, pool, store: postgresStore({ pool, schema }) };
}

/** A role that may do nothing yet, gone after the test. */
export async function createRole(pool: Pool): Promise<string> {
  const role = newSchemaName();
  await pool.query(`CREATE ROLE "${role}"`);
  onTestFinished(async () => {
    await pool.query(`DROP OWNED BY "${role}"`);
    await pool.query(`DROP ROLE "${role}"`);
  });
  return role;
}

export async function insert(store: Store): Promise<GrantRow> {
  const row = newRow();
  expect(await store.insert(row)).toEqual({ inserted: true });
  return present(store, row.connectionId);
}

export async function present(store: Store, connectionId: string): Promise<GrantRow> {
  const row = await store.get(connectionId);
  if (row === undefined) throw new Error("the row is gone");
  return row;
}

export async function errorOf(work: Promise<unknown>): Promise<GrantkeeperError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GrantkeeperError) return error;
  throw new Error("it was expected to reject with a GrantkeeperError", { cause: error });
}

export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
