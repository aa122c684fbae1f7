import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  commitOf,
  condition,
  insert,
  leaseRequest,
  newIntent,
  payload,
  present,
  random,
  successor,
  take,
  written,
} from "./store-rows.ts";
import type { StoreTestFunction } from "./store-test.ts";

/** Tests that payloads are replaced and deleted only under the fence and version that were read. */
export function testCommits(test: StoreTestFunction): void {
  test("a commit replaces the payload, clears the intents named and gives the lease back", async ({ store }) => {
    const row = await insert(store);
    const first = await take(store, row, { intent: newIntent("user") });
    await store.release({ lease: first.lease });
    const { row: leased } = await take(store, row, { intent: newIntent("default") });
    const next = {
      ...payload(2, { state: "needs_reauthorization", dueAt: 1_700_000_000_123 }),
      sealed: randomBytes(1024 * 1024),
    };
    assert.equal(await store.commit({ ...commitOf(condition(leased), next), clearIntents: ["default"] }), "committed");
    const after = await present(store, row.connectionId);
    assert.deepEqual(written(after), written({ ...row, ...next }));
    assert.deepEqual(
      after.intents.map(({ tokenSet }) => tokenSet),
      ["user"],
    );
    assert.equal(after.lease, undefined);
    assert.equal(after.fence, leased.fence);
    assert.equal(after.createdAt, leased.createdAt);
    assert.ok(after.updatedAt >= leased.updatedAt);
  });

  test("a commit on another grant, version or fence is superseded, and changes nothing", async ({ store }) => {
    const row = await insert(store);
    const { row: leased, lease } = await take(store, row);
    const expected = condition(leased);
    const wrong = [
      { ...expected, grantId: random() },
      { ...expected, version: expected.version + 1 },
      { ...expected, version: expected.version - 1 },
      { ...expected, fence: expected.fence + 1 },
      { ...expected, fence: expected.fence - 1 },
    ];
    for (const other of wrong) {
      assert.equal(await store.commit(commitOf(other, successor(row))), "superseded");
    }
    const after = await present(store, row.connectionId);
    assert.deepEqual(written(after), written(row));
    assert.equal(after.lease?.holder, lease.holder);
  });

  test("a commit never adds a row", async ({ store }) => {
    const row = await insert(store);
    const { row: leased } = await take(store, row);
    assert.equal(await store.delete(condition(leased)), "deleted");
    assert.equal(await store.commit(commitOf(condition(leased), successor(row))), "superseded");
    assert.equal(await store.get(row.connectionId), undefined);
  });

  test("a late commit that nobody superseded holds", async ({ store, short, pass }) => {
    const row = await insert(store);
    const { row: leased } = await take(store, row, { durationMs: short });
    await pass();
    assert.equal(await store.commit(commitOf(condition(leased), successor(row))), "committed");
    assert.equal((await present(store, row.connectionId)).version, 2);
  });

  test("a late commit after a takeover is superseded", async ({ store, short, pass }) => {
    const row = await insert(store);
    const { row: paused } = await take(store, row, { durationMs: short });
    await pass();
    const { row: taken, lease } = await take(store, row);
    assert.equal(await store.commit(commitOf(condition(paused), successor(row))), "superseded");
    const after = await present(store, row.connectionId);
    assert.deepEqual(written(after), written(row));
    assert.equal(after.lease?.holder, lease.holder);
    assert.equal(await store.commit(commitOf(condition(taken), successor(row))), "committed");
  });

  test("of many commits under one condition, one holds", async ({ store }) => {
    const row = await insert(store);
    const { row: leased } = await take(store, row);
    const payloads = Array.from({ length: 20 }, () => successor(row));
    const outcomes = await Promise.all(payloads.map((next) => store.commit(commitOf(condition(leased), next))));
    const winners = payloads.filter((_, index) => outcomes[index] === "committed");
    assert.equal(winners.length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === "superseded").length, 19);
    assert.deepEqual(written(await present(store, row.connectionId)), written({ ...row, ...winners[0] }));
  });

  test("a commit may not take another row's identity", async ({ store }) => {
    const [row, other] = [await insert(store), await insert(store)];
    const { row: leased, lease } = await take(store, row);
    const next = { ...successor(row), identityHash: other.identityHash };
    assert.equal(await store.commit(commitOf(condition(leased), next)), "identity_taken");
    const after = await present(store, row.connectionId);
    assert.deepEqual(written(after), written(row));
    assert.equal(after.lease?.holder, lease.holder);
  });

  test("an identity that a commit or a deletion leaves is free", async ({ store }) => {
    const row = await insert(store);
    const { row: leased } = await take(store, row);
    const next = { ...successor(row), identityHash: random() };
    assert.equal(await store.commit(commitOf(condition(leased), next)), "committed");
    await insert(store, { identityHash: row.identityHash });
    const { row: again } = await take(store, row);
    assert.equal(await store.delete(condition(again)), "deleted");
    await insert(store, { identityHash: next.identityHash });
    await insert(store, { connectionId: row.connectionId });
  });

  test("a row is deleted under the condition of a commit only", async ({ store }) => {
    const row = await insert(store);
    const { row: leased } = await take(store, row);
    const expected = condition(leased);
    const wrong = [
      { ...expected, grantId: random() },
      { ...expected, version: expected.version + 1 },
      { ...expected, fence: expected.fence - 1 },
      { ...expected, connectionId: "absent" },
    ];
    for (const other of wrong) assert.equal(await store.delete(other), "superseded");
    assert.deepEqual(written(await present(store, row.connectionId)), written(row));
    assert.equal(await store.delete(expected), "deleted");
    assert.equal(await store.get(row.connectionId), undefined);
    assert.equal(await store.delete(expected), "superseded");
  });

  test("a row that was deleted and added again is another one", async ({ store }) => {
    const row = await insert(store);
    const { row: leased } = await take(store, row);
    assert.equal(await store.delete(condition(leased)), "deleted");
    const again = await insert(store, { connectionId: row.connectionId });
    assert.equal(await store.commit(commitOf(condition(leased), successor(row))), "superseded");
    assert.deepEqual(written(await present(store, row.connectionId)), written(again));
  });

  test("F3 a new grant under the same connection is not overwritten by an old holder, whose version and fence are equal", async ({
    store,
  }) => {
    const row = await insert(store);
    const { row: old } = await take(store, row);
    assert.equal(await store.delete(condition(old)), "deleted");
    await insert(store, { connectionId: row.connectionId });
    const { row: fresh, lease } = await take(store, row);
    const expected = { ...condition(fresh), grantId: old.grantId };
    assert.equal(await store.commit(commitOf(expected, successor(old))), "superseded");
    assert.equal(await store.delete(expected), "superseded");
    const own = leaseRequest(fresh, { grantId: old.grantId, holder: lease.holder });
    assert.equal((await store.lease(own)).kind, "moved");
    const after = await present(store, row.connectionId);
    assert.deepEqual(written(after), written(fresh));
    assert.equal(after.fence, fresh.fence);
    assert.equal(await store.commit(commitOf(condition(fresh), successor(fresh))), "committed");
  });
}
