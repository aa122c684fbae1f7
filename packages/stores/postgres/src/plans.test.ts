import type { ListQuery, Store } from "@grantkeeper/core/store";
import { describe, expect, test } from "vitest";
import { postgresStore } from "./index.ts";
import type { PostgresPool } from "./pool.ts";
import { createPlace, type Place } from "./test/place.ts";
import { missingServer } from "./test/server.ts";

const missing = await missingServer();
const rowCount = 100_000;

/** What a plan went through, of PostgreSQL's own account. */
interface PlanNode {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Index Recheck"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** Rows as an application has them: owners with a few each, connectors that came one after another, one of few rows. */
async function fill({ pool, schema }: Place): Promise<void> {
  await pool.query(
    `INSERT INTO "${schema}".grants (connection_id, connector, owner_hash, identity_hash, account_hash, token_hashes,
      grant_id, version, state, sealed, wrapped_key, due_at, lease_holder, lease_until, created_at, updated_at)
    SELECT 'con-' || n, CASE WHEN n > $1 - 20 THEN 'rare' WHEN n > $1 / 2 THEN 'late' ELSE 'early' END, 'owner-' || n % 30000, 'identity-' || n,
      'account-' || n % 30000, ARRAY['token-' || n % 60000], 'grant', 1,
      CASE WHEN n > $1 - 10 THEN 'needs_reauthorization' ELSE 'active' END, decode(repeat('00', 400), 'hex'),
      decode(repeat('00', 60), 'hex'), CASE WHEN n % 3 > 0 THEN (n * 7919) % 100000 END,
      CASE WHEN n % 500 = 1 THEN 'holder' END, CASE WHEN n % 500 = 1 THEN now() + interval '1 hour' END, now(), now()
    FROM generate_series(1, $1) AS n`,
    [rowCount],
  );
}

/** Asks the store, undoes what it did, and returns the most rows that any step of the plan has looked at. */
async function mostRowsOf(place: Place, ask: (store: Store) => Promise<unknown>): Promise<number> {
  const counts: number[] = [];
  function count(node: PlanNode): void {
    const passedOver = (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0);
    counts.push((node["Actual Rows"] + passedOver) * node["Actual Loops"]);
    for (const child of node.Plans ?? []) count(child);
  }
  const explaining: PostgresPool = {
    connect: () => place.pool.connect(),
    async query(statement, values) {
      const client = await place.pool.connect();
      try {
        await client.query("BEGIN");
        const { rows } = await client.query(`EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${statement}`, values);
        count(rows[0]?.["QUERY PLAN"][0].Plan as PlanNode);
        return { rows: [], rowCount: 0 };
      } finally {
        await client.query("ROLLBACK");
        client.release();
      }
    },
  };
  await ask(postgresStore({ pool: explaining, schema: place.schema }));
  return Math.max(...counts);
}

/** What every refresh, connect and disconnect asks for. */
const telling: readonly Omit<ListQuery, "limit">[] = [
  { ownerHash: "owner-29999" },
  { accountHash: "account-29999" },
  { tokenHash: "token-59999" },
  { tokenHash: "none" },
  { ownerHash: "owner-29999", connector: "late", state: "active" },
  { accountHash: "account-29999", connector: "late", state: "active" },
  { ownerHash: "owner-29999", accountHash: "account-29999", connector: "late", state: "active" },
  { ownerHash: "owner-29999", tokenHash: "token-29999", connector: "early", state: "active" },
];
const others: readonly Omit<ListQuery, "limit">[] = [
  {},
  { after: String(rowCount / 2) },
  { after: String(rowCount - 5) },
  { connector: "early" },
  { connector: "late" },
  { connector: "rare" },
  { connector: "none" },
  { connector: "early", after: String(rowCount / 2 - 5) },
  { state: "active" },
  { state: "needs_reauthorization" },
  { connector: "early", state: "needs_reauthorization" },
  { connector: "late", state: "needs_reauthorization" },
  { connector: "rare", state: "active" },
];

describe.skipIf(missing)(missing ?? "on a table of 100,000 rows", () => {
  test("neither a list nor a claim looks at many more rows than a page has", async () => {
    const place = await createPlace();
    // Counts them at a moment of its own.
    await place.pool.query(`ALTER TABLE "${place.schema}".grants SET (autovacuum_enabled = off)`);
    await fill(place);
    const lists = async (filters: readonly Omit<ListQuery, "limit">[]): Promise<void> => {
      for (const query of filters.flatMap((filter) => [10, 1000].map((limit) => ({ ...filter, limit })))) {
        const looked = await mostRowsOf(place, (store) => store.list(query));
        expect(looked, JSON.stringify(query)).toBeLessThanOrEqual(query.limit + 20);
      }
    };
    const claims = async (): Promise<void> => {
      for (const dueUntil of [-1, 100, 50_000, 200_000]) {
        for (const limit of [10, 1000]) {
          const claim = { dueUntil, limit, holder: "holder", durationMs: 1_000 };
          for (const request of [claim, { ...claim, after: `${dueUntil - 10}:5` }]) {
            const looked = await mostRowsOf(place, (store) => store.claimDue(request));
            // A page's rows are looked up twice by their numbers, where versions that are dead are counted too.
            expect(looked, JSON.stringify(request)).toBeLessThanOrEqual(2 * limit + 200);
          }
        }
      }
    };
    await lists(telling);
    await claims();
    await place.pool.query(`ANALYZE "${place.schema}".grants`);
    await lists([...telling, ...others]);
    await claims();
  });
});
