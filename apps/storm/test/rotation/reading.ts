import type { KeyConfig } from "@grantkeeper/core";
import { openKeeper, type StormKeeper } from "../../src/keeper.ts";
import { mapPool } from "../../src/pool.ts";
import { openStore } from "../../src/store.ts";
import type { KeeperSetup } from "../../src/worker/messages.ts";

/** Opens a keeper with these keys, as a process that is deployed with them, for a piece of work. */
export async function withKeys<Result>(
  setup: KeeperSetup,
  keys: readonly KeyConfig[],
  work: (keeper: StormKeeper) => Promise<Result>,
): Promise<Result> {
  const { store, close } = openStore(setup.store);
  const keeper = openKeeper({ ...setup, keys }, store);
  try {
    return await work(keeper);
  } finally {
    await keeper.close();
    await close();
  }
}

/** Opens every grant, and counts those that are alive. */
export async function readAll(keeper: StormKeeper): Promise<number> {
  const ids: string[] = [];
  for await (const { id } of keeper.connections()) ids.push(id);
  const states = await mapPool(ids, 8, async (id) => (await keeper.connection("main", { id }).status()).state);
  return states.filter((state) => state === "active").length;
}

export async function rowsByKey(keeper: StormKeeper): Promise<Readonly<Record<string, number>>> {
  const rows: Record<string, number> = {};
  for (const use of await keeper.keyUsage()) rows[use.keyId] = (rows[use.keyId] ?? 0) + use.rows;
  return rows;
}
