import { postgresStore } from "../index.ts";
import { leaseOf } from "./rows.ts";
import { createPool } from "./server.ts";

/** A process of its own: asks a hundred times for the lease of one row, and prints the fences that it was given. */
const [schema = "", connectionId = ""] = process.argv.slice(2);
const pool = createPool();
const store = postgresStore({ pool, schema });
const fences: number[] = [];

async function tryOnce(): Promise<void> {
  const row = await store.get(connectionId);
  if (row === undefined) throw new Error("the row is gone");
  const outcome = await store.lease(leaseOf(row));
  if (outcome.kind !== "leased") return;
  fences.push(outcome.lease.fence);
  await store.release({ lease: outcome.lease });
}

for (let round = 0; round < 20; round++) await Promise.all(Array.from({ length: 5 }, tryOnce));
await store.close();
await pool.end();
process.stdout.write(JSON.stringify(fences));
