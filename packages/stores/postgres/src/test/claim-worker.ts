import { postgresStore } from "../index.ts";
import { conditionOf, newPayload, random } from "./rows.ts";
import { createPool } from "./server.ts";

/**
 * A process of its own: claims what is due again and again, moves every second row it got to another time at which it is
 * due, gives the others back, and prints each row and fence that it was given.
 */
const [schema = "", rounds = "0"] = process.argv.slice(2);
const pool = createPool();
const store = postgresStore({ pool, schema });
const claims: string[] = [];

for (let round = 0; round < Number(rounds); round++) {
  let after: string | undefined;
  do {
    const page = await store.claimDue({ dueUntil: 100, holder: random(), durationMs: 60_000, limit: 7, after });
    for (const { lease, row } of page.claimed) {
      claims.push(`${lease.connectionId} ${lease.fence}`);
      if (lease.fence % 2 === 0) {
        await store.release({ lease });
        continue;
      }
      const { grantId, version, identityHash } = row;
      const payload = newPayload(version + 1, { grantId, identityHash, dueAt: Math.floor(Math.random() * 100) });
      const outcome = await store.commit({ expected: conditionOf(row), payload, clearIntents: [] });
      if (outcome !== "committed") throw new Error(outcome);
    }
    after = page.next;
  } while (after !== undefined);
}
await store.close();
await pool.end();
process.stdout.write(JSON.stringify(claims));
