import assert from "node:assert/strict";
import type { ClaimedRow, ClaimRequest, GrantRow, Store } from "@grantkeeper/core/store";
import {
  commitOf,
  condition,
  insert,
  kept,
  leaseRequest,
  newIntent,
  present,
  random,
  successor,
  take,
} from "./store-rows.ts";
import type { StoreTestFunction } from "./store-test.ts";

/** Until when rows are due in these tests. `dueAt` is by the keeper's clock, so any number does. */
const dueUntil = 1_000_000;

/** Tests that rows which are due are leased in pages, each to one of those who claim. */
export function testClaims(test: StoreTestFunction): void {
  test("D2 a claim takes what is due, those due longest first, and leaves the rest alone", async ({ store }) => {
    const dueAts = [500, 100, dueUntil, 300, undefined, dueUntil + 1, 0, -5, 300, Number.MAX_SAFE_INTEGER, undefined];
    for (const dueAt of dueAts) await insert(store, { dueAt });
    const claimed = await claimAll(store);
    assert.deepEqual(
      claimed.map(({ row }) => row.dueAt),
      [-5, 0, 100, 300, 300, 500, dueUntil],
    );
    const leased = (await store.list({ limit: 100 })).rows.filter(({ lease }) => lease !== undefined);
    assert.deepEqual(idsOf(leased), idsOf(claimed.map(({ row }) => row)));
  });

  test("a row that is never due is never claimed", async ({ store }) => {
    await insert(store);
    const row = await insert(store, { dueAt: Number.MAX_SAFE_INTEGER });
    const claimed = await claimAll(store, { dueUntil: Number.MAX_SAFE_INTEGER });
    assert.deepEqual(
      claimed.map(({ lease }) => lease.connectionId),
      [row.connectionId],
    );
  });

  test("D2 a claim takes leases, and changes nothing else", async ({ store, pass }) => {
    const before = await insert(store, { dueAt: 1 });
    const left = newIntent("default");
    const { lease: earlier } = await take(store, before, { intent: left });
    await store.release({ lease: earlier });
    const released = await present(store, before.connectionId);
    await pass();
    const [claimed, ...more] = await claimAll(store, { holder: "claimer", durationMs: 60_000 });
    assert.ok(claimed);
    assert.deepEqual(more, []);
    const { lease, row } = claimed;
    assert.deepEqual({ ...lease }, { connectionId: before.connectionId, holder: "claimer", fence: row.fence });
    assert.ok(row.fence > released.fence);
    const until = row.lease?.until ?? 0;
    assert.ok(until > row.readAt && until <= row.readAt + 60_000);
    assert.deepEqual(kept(row), kept({ ...released, fence: row.fence, lease: { holder: "claimer", until } }));
    assert.deepEqual(kept(await present(store, before.connectionId)), kept(row));
  });

  test("what was claimed is held for others, and its holder commits, leases again and releases", async ({ store }) => {
    const rows = [];
    for (let dueAt = 0; dueAt < 3; dueAt++) rows.push(await insert(store, { dueAt }));
    const [first, second, third] = await claimAll(store);
    assert.ok(first && second && third);
    for (const { row } of [first, second, third]) assert.equal((await store.lease(leaseRequest(row))).kind, "held");
    assert.equal(await store.commit(commitOf(condition(first.row), successor(first.row))), "committed");
    const again = await store.lease(leaseRequest(second.row, { holder: second.lease.holder }));
    assert.ok(again.kind === "leased" && again.lease.fence > second.lease.fence);
    await store.release({ lease: third.lease });
    assert.equal((await present(store, third.lease.connectionId)).lease, undefined);
  });

  test("rows are claimed page by page, each once, in one order", async ({ store }) => {
    const rows = [];
    for (let count = 0; count < 25; count++) rows.push(await insert(store, { dueAt: (count * 7) % 10 }));
    for (const limit of [1, 7, 25, 1000]) {
      const pages = await claimPages(store, { limit });
      assert.ok(pages.every((page) => page.length <= limit));
      const claimed = pages.flat();
      assert.deepEqual(idsOf(claimed.map(({ row }) => row)), idsOf(rows));
      const dueAts = claimed.map(({ row }) => row.dueAt ?? 0);
      assert.deepEqual(
        dueAts,
        [...dueAts].sort((a, b) => a - b),
      );
      for (const { lease } of claimed) await store.release({ lease });
    }
  });

  test("a page follows its predecessor, whatever has become of the rows there", async ({ store }) => {
    const rows = [];
    for (let count = 0; count < 6; count++) rows.push(await insert(store, { dueAt: 5 }));
    const first = await store.claimDue(claimRequest({ limit: 3 }));
    for (const [index, { lease, row }] of first.claimed.entries()) {
      if (index === 2) assert.equal(await store.delete(condition(row)), "deleted");
      else await store.release({ lease });
    }
    assert.notEqual(first.next, undefined);
    const rest = await claimAll(store, { limit: 3, after: first.next });
    assert.deepEqual(idsOf([...first.claimed, ...rest].map(({ row }) => row)), idsOf(rows));
  });

  test("D2 a row that somebody holds is passed over, and keeps its lease", async ({ store }) => {
    const held = [];
    for (let count = 0; count < 7; count++) held.push(await take(store, await insert(store, { dueAt: 1 })));
    const free = [];
    for (let count = 0; count < 3; count++) free.push(await insert(store, { dueAt: 2 }));
    assert.deepEqual(idsOf((await claimAll(store, { limit: 2 })).map(({ row }) => row)), idsOf(free));
    for (const { lease } of held) {
      const row = await present(store, lease.connectionId);
      assert.equal(row.lease?.holder, lease.holder);
      assert.equal(row.fence, lease.fence);
      await store.release({ lease });
    }
    assert.deepEqual(
      idsOf((await claimAll(store, { limit: 2 })).map(({ row }) => row)),
      idsOf(held.map(({ row }) => row)),
    );
  });

  test("D6 a row whose holder's lease has run out is claimed, with the intent that was left", async ({
    store,
    short,
    pass,
  }) => {
    const row = await insert(store, { dueAt: 1 });
    const left = newIntent("default");
    const { row: paused } = await take(store, row, { durationMs: short, intent: left });
    assert.deepEqual(await claimAll(store), []);
    await pass();
    const [claimed] = await claimAll(store, { durationMs: short });
    assert.ok(claimed && claimed.lease.fence > paused.fence);
    assert.deepEqual(
      claimed.row.intents.map(({ attemptId }) => attemptId),
      [left.attemptId],
    );
    assert.equal(await store.commit(commitOf(condition(paused), successor(row))), "superseded");
    await pass();
    const [again] = await claimAll(store);
    assert.ok(again && again.lease.fence > claimed.lease.fence);
  });

  test("F2 of twenty who claim at once each gets other rows, and together they get all", async ({ store }) => {
    const rows = [];
    for (let count = 0; count < 60; count++) rows.push(await insert(store, { dueAt: count % 4 }));
    const claims = await Promise.all(Array.from({ length: 20 }, () => claimAll(store, { limit: 3 })));
    // As a list, so that a row claimed twice is there twice.
    assert.deepEqual(idsOf(claims.flat().map(({ row }) => row)), idsOf(rows));
    for (const { lease } of claims.flat()) {
      const row = await present(store, lease.connectionId);
      assert.equal(row.lease?.holder, lease.holder);
      assert.equal(row.fence, lease.fence);
    }
  });

  test("a commit with another dueAt moves the row", async ({ store }) => {
    const [moving, staying] = [await insert(store, { dueAt: 1 }), await insert(store, { dueAt: 2 })];
    const moveTo = async (dueAt: number | undefined) => {
      const { row } = await take(store, moving);
      const next = { ...successor(row), dueAt };
      assert.equal(await store.commit(commitOf(condition(row), next)), "committed");
      assert.equal((await present(store, moving.connectionId)).dueAt, dueAt);
    };
    const claimedIds = async (until = dueUntil) => {
      const claimed = await claimAll(store, { dueUntil: until });
      for (const { lease } of claimed) await store.release({ lease });
      return claimed.map(({ lease }) => lease.connectionId);
    };
    assert.deepEqual(await claimedIds(), [moving.connectionId, staying.connectionId]);
    await moveTo(3);
    assert.deepEqual(await claimedIds(), [staying.connectionId, moving.connectionId]);
    await moveTo(dueUntil + 1);
    assert.deepEqual(await claimedIds(), [staying.connectionId]);
    assert.deepEqual(await claimedIds(dueUntil + 1), [staying.connectionId, moving.connectionId]);
    await moveTo(undefined);
    assert.deepEqual(await claimedIds(Number.MAX_SAFE_INTEGER), [staying.connectionId]);
    await moveTo(0);
    assert.deepEqual(await claimedIds(), [moving.connectionId, staying.connectionId]);
  });

  test("rows that stay due are claimed once, while others come, go and move", async ({ store }) => {
    const staying = [];
    for (let count = 0; count < 20; count++) staying.push(await insert(store, { dueAt: count }));
    const leaving: GrantRow[] = [];
    for (let count = 0; count < 20; count++) leaving.push(await insert(store, { dueAt: count }));
    const seen: string[] = [];
    let after: string | undefined;
    for (let page = 0; ; page++) {
      assert.ok(page < 200, "the pages end");
      const { claimed, next }: Awaited<ReturnType<Store["claimDue"]>> = await store.claimDue(
        claimRequest({ limit: 3, after }),
      );
      seen.push(...claimed.map(({ lease }) => lease.connectionId));
      if (next === undefined) break;
      after = next;
      // What was claimed is given back, so that only the place in the order keeps it from coming twice.
      for (const { lease } of claimed) await store.release({ lease });
      await insert(store, { dueAt: page });
      const gone = leaving.pop();
      if (gone) assert.equal(await store.delete(condition((await take(store, gone)).row)), "deleted");
      const moved = leaving.pop();
      if (moved) {
        const { row } = await take(store, moved);
        assert.equal(
          await store.commit(commitOf(condition(row), { ...successor(row), dueAt: undefined })),
          "committed",
        );
      }
    }
    for (const { connectionId } of staying) {
      assert.equal(seen.filter((id) => id === connectionId).length, 1, "a row that stays is claimed once");
    }
  });
}

function claimRequest(change: Partial<ClaimRequest> = {}): ClaimRequest {
  return { dueUntil, holder: random(), durationMs: 60_000, limit: 1000, ...change };
}

/** Claims to the last page, as one who works through all that is due. */
async function claimPages(
  store: Store,
  change: Partial<ClaimRequest> = {},
): Promise<readonly (readonly ClaimedRow[])[]> {
  const pages: (readonly ClaimedRow[])[] = [];
  let after = change.after;
  do {
    assert.ok(pages.length < 1000, "the pages end");
    const { claimed, next } = await store.claimDue(claimRequest({ ...change, after }));
    pages.push(claimed);
    after = next;
  } while (after !== undefined);
  return pages;
}

async function claimAll(store: Store, change: Partial<ClaimRequest> = {}): Promise<readonly ClaimedRow[]> {
  return (await claimPages(store, change)).flat();
}

function idsOf(rows: readonly { readonly connectionId: string }[]): readonly string[] {
  return rows.map(({ connectionId }) => connectionId).sort();
}
