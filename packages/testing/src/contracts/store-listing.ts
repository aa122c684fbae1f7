import assert from "node:assert/strict";
import type { ListQuery, NewGrantRow, Store } from "@grantkeeper/core/store";
import { commitOf, condition, insert, oddIds, random, successor, take, written } from "./store-rows.ts";
import type { StoreTestFunction } from "./store-test.ts";

/** Tests that lists are whole, filtered, and stable while rows change. */
export function testListing(test: StoreTestFunction): void {
  test("a list gives every row once, page by page", async ({ store }) => {
    const rows = [];
    for (let count = 0; count < 25; count++) rows.push(await insert(store));
    for (const limit of [1, 7, 25, 1000]) {
      const pages = await collect(store, { limit });
      assert.ok(pages.every((page) => page.length <= limit));
      const listed = pages.flat().map(({ connectionId }) => connectionId);
      assert.deepEqual([...listed].sort(), rows.map(({ connectionId }) => connectionId).sort());
    }
    const { rows: listed } = await store.list({ limit: 1000 });
    const byId = (row: { readonly connectionId: string }) => row.connectionId;
    const given = new Map(rows.map((row) => [byId(row), row]));
    for (const row of listed) assert.deepEqual(written(row), written(given.get(byId(row)) ?? row));
  });

  test("an empty list is one empty page", async ({ store }) => {
    assert.deepEqual(await store.list({ limit: 10 }), { rows: [], next: undefined });
  });

  test("a list keeps to its filters, alone and together", async ({ store }) => {
    const [ownerHash, accountHash] = [random(), random()];
    const both = await insert(store, { ownerHash, accountHash, connector: "other" });
    const owned = await insert(store, { ownerHash });
    const same = await insert(store, { accountHash });
    const ended = await insert(store, { ownerHash, state: "needs_reauthorization" });
    const ids = async (query: Omit<ListQuery, "limit">) =>
      (await collect(store, { ...query, limit: 2 }))
        .flat()
        .map(({ connectionId }) => connectionId)
        .sort();
    const expected = (...rows: readonly { readonly connectionId: string }[]) =>
      rows.map(({ connectionId }) => connectionId).sort();
    assert.deepEqual(await ids({ ownerHash }), expected(both, owned, ended));
    assert.deepEqual(await ids({ accountHash }), expected(both, same));
    assert.deepEqual(await ids({ connector: "other" }), expected(both));
    assert.deepEqual(await ids({ state: "needs_reauthorization" }), expected(ended));
    assert.deepEqual(await ids({ ownerHash, state: "active" }), expected(both, owned));
    assert.deepEqual(await ids({ ownerHash, accountHash, connector: "other", state: "active" }), expected(both));
    assert.deepEqual(await ids({ ownerHash: undefined, connector: "none" }), []);
    assert.deepEqual(
      await ids({ ownerHash: ownerHash.toUpperCase() === ownerHash ? "x" : ownerHash.toUpperCase() }),
      [],
    );
  });

  test("a row is found by each of its token hashes, and by no earlier one", async ({ store }) => {
    const [first, second, shared, later] = [random(), random(), random(), random()];
    const row = await insert(store, { tokenHashes: [first, second, shared] });
    const other = await insert(store, { tokenHashes: [shared] });
    const found = async (tokenHash: string) =>
      (await store.list({ tokenHash, limit: 10 })).rows.map(({ connectionId }) => connectionId).sort();
    assert.deepEqual(await found(first), [row.connectionId]);
    assert.deepEqual(await found(second), [row.connectionId]);
    assert.deepEqual(await found(shared), [row.connectionId, other.connectionId].sort());
    const { lease } = await take(store, row);
    const { connectionId, grantId } = row;
    let version = row.version;
    const replace = async (...tokenHashes: readonly string[]): Promise<void> => {
      const expected = { connectionId, grantId, version, fence: lease.fence };
      version++;
      const payload = { ...successor(row), version, tokenHashes };
      assert.equal(await store.commit({ expected, payload, clearIntents: [] }), "committed");
    };
    await replace(later);
    assert.deepEqual(await found(later), [row.connectionId]);
    assert.deepEqual(await found(first), []);
    assert.deepEqual(await found(shared), [other.connectionId]);
    assert.deepEqual(await found("unknown"), []);
    await replace(first);
    assert.deepEqual([await found(first), await found(later)], [[row.connectionId], []]);
    await replace();
    assert.deepEqual(await found(first), []);
    await replace(second);
    assert.deepEqual(await found(second), [row.connectionId]);
  });

  test("odd ids are listed and paged over", async ({ store }) => {
    for (const id of oddIds) await insert(store, { connectionId: id, ownerHash: id });
    const listed = (await collect(store, { limit: 3 })).flat().map(({ connectionId }) => connectionId);
    assert.deepEqual([...listed].sort(), [...oddIds].sort());
    for (const ownerHash of oddIds) assert.equal((await store.list({ ownerHash, limit: 10 })).rows.length, 1);
  });

  test("rows that stay are listed once, while others come, go and change", async ({ store }) => {
    const staying: NewGrantRow[] = [];
    for (let count = 0; count < 20; count++) staying.push(await insert(store));
    const leaving: NewGrantRow[] = [];
    for (let count = 0; count < 20; count++) leaving.push(await insert(store));

    const seen: string[] = [];
    let after: string | undefined;
    for (let page = 0; ; page++) {
      const { rows, next }: Awaited<ReturnType<Store["list"]>> = await store.list({ limit: 3, after });
      seen.push(...rows.map(({ connectionId }) => connectionId));
      if (next === undefined) break;
      assert.ok(page < 100, "the list ends");
      after = next;
      await insert(store);
      const gone = leaving.pop();
      if (gone) assert.equal(await store.delete(condition((await take(store, gone)).row)), "deleted");
      const changed = staying[page];
      if (changed) {
        const { row } = await take(store, changed);
        assert.equal(await store.commit(commitOf(condition(row), successor(changed))), "committed");
      }
    }
    assert.equal(new Set(seen).size, seen.length, "no row comes twice");
    for (const { connectionId } of staying) assert.ok(seen.includes(connectionId), "no row that stays is missed");
  });

  test("a page whose last row is gone is followed by the rest", async ({ store }) => {
    const rows = [];
    for (let count = 0; count < 6; count++) rows.push(await insert(store));
    const first = await store.list({ limit: 3 });
    for (const row of first.rows) await store.delete(condition((await take(store, row)).row));
    const rest = await collect(store, { limit: 3, after: first.next });
    const listed = [...first.rows, ...rest.flat()].map(({ connectionId }) => connectionId);
    assert.deepEqual(listed.sort(), rows.map(({ connectionId }) => connectionId).sort());
  });
}

async function collect(store: Store, query: ListQuery): Promise<(readonly { readonly connectionId: string }[])[]> {
  const pages: (readonly { readonly connectionId: string }[])[] = [];
  let after = query.after;
  do {
    assert.ok(pages.length < 1000, "the list ends");
    const { rows, next } = await store.list({ ...query, after });
    pages.push(rows);
    after = next;
  } while (after !== undefined);
  return pages;
}
