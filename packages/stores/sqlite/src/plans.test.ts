import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test, vi } from "vitest";
import { createFolder, openStore } from "./test/fixtures.ts";

const hash = { ownerHash: "owner", accountHash: "account", tokenHash: "token" };
const filters = [
  {},
  { ownerHash: hash.ownerHash },
  { accountHash: hash.accountHash },
  { tokenHash: hash.tokenHash },
  { connector: "example" },
  { state: "active" },
  { connector: "example", state: "needs_reauthorization" },
  { ownerHash: hash.ownerHash, connector: "example", state: "active" },
  { ...hash, connector: "example", state: "active" },
] as const;

/** What the store asks SQLite when it lists and claims. */
async function statementsOf(path: string): Promise<readonly string[]> {
  const prepare = vi.spyOn(DatabaseSync.prototype, "prepare");
  onTestFinished(() => prepare.mockRestore());
  const store = openStore(path);
  for (const filter of filters) await store.list({ ...filter, limit: 10 });
  await store.claimDue({ dueUntil: 1, holder: "holder", durationMs: 1_000, limit: 10 });
  const statements = prepare.mock.calls.map(([sql]) => sql);
  prepare.mockRestore();
  return statements.filter((sql) => /\bORDER BY (sequence|due_at, sequence)\b/.test(sql));
}

function plansOf(path: string, statements: readonly string[]): readonly string[] {
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  return statements.map((sql) =>
    database
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map((step) => String(step["detail"]))
      .join("; "),
  );
}

function fill(path: string, rows: number): void {
  const database = new DatabaseSync(path);
  database.exec(`
    WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ${rows})
    INSERT INTO grants (
      connection_id, connector, owner_hash, wrapped_key, grant_id, version, sealed, state, due_at, identity_hash,
      account_hash, token_hashes, fence, intents, created_at, updated_at
    ) SELECT 'con-' || n, 'example', 'owner-' || n % 1000, x'00', 'grant', 1, x'00',
      iif(n % 5000 = 0, 'needs_reauthorization', 'active'), iif(n % 3 = 0, NULL, n % 100), 'identity-' || n,
      'account-' || n % 1000, json_array('token-' || n, 'other-' || n), 0, '[]', 0, 0
      FROM counter;
    INSERT INTO grant_tokens SELECT 'other-' || sequence, sequence FROM grants;
    ANALYZE`);
  database.close();
}

test("neither a list nor a claim goes through all rows, or sorts them", async () => {
  const path = join(createFolder(), "grants.db");
  const statements = await statementsOf(path);
  expect(statements).toHaveLength(filters.length + 1);
  const empty = plansOf(path, statements);
  // SQLite plans anew by what it has counted.
  fill(path, 20_000);
  const full = plansOf(path, statements);
  for (const [index, statement] of statements.entries()) {
    const plans = [empty[index], full[index]];
    for (const plan of plans) expect(plan).not.toMatch(/SCAN|TEMP B-TREE/);
    // One that goes on by its place alone is right only where nothing was asked for.
    const byPlace = plans.filter((plan) => plan?.includes("PRIMARY KEY (rowid>?)"));
    expect(byPlace).toHaveLength(/sequence > [?] ORDER BY/.test(statement) ? 2 : 0);
  }
  const claim = empty[statements.findIndex((sql) => sql.includes("due_at <= ?"))];
  expect(claim).toContain("grants_by_due (due_at>? AND due_at<?)");
});

test("a page touches as many rows as it holds, however many there are", async () => {
  const path = join(createFolder(), "grants.db");
  const store = openStore(path);
  await store.migrate();
  fill(path, 20_000);
  const few = { connector: "example", state: "needs_reauthorization", limit: 10 } as const;
  expect((await store.list(few)).rows).toHaveLength(4);
  const claim = { dueUntil: 50, holder: "holder", durationMs: 60_000, limit: 7 };
  const first = await store.claimDue(claim);
  const second = await store.claimDue({ ...claim, after: first.next });
  const places = [...first.claimed, ...second.claimed].map(({ row }) => [row.dueAt, row.connectionId]);
  const inOrder = Array.from({ length: 20_000 }, (_, index) => index + 1)
    .filter((n) => n % 3 !== 0 && n % 100 <= 50)
    .sort((a, b) => (a % 100) - (b % 100) || a - b)
    .slice(0, 14);
  expect(places).toEqual(inOrder.map((n) => [n % 100, `con-${n}`]));
});
