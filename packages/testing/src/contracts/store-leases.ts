import assert from "node:assert/strict";
import type { GrantRow } from "@grantkeeper/core/store";
import {
  commitOf,
  condition,
  insert,
  kept,
  leaseRequest,
  newIntent,
  oddIds,
  present,
  random,
  successor,
  take,
  written,
} from "./store-rows.ts";
import type { StoreTestFunction } from "./store-test.ts";

/** Tests leases, their fences and intents. */
export function testLeases(test: StoreTestFunction): void {
  test("taking a lease moves the fence and names its holder", async ({ store }) => {
    const row = await insert(store);
    const before = await present(store, row.connectionId);
    const intent = newIntent("default");
    const { lease, row: leased } = await take(store, row, { holder: "holder-1", intent });
    assert.deepEqual({ ...lease }, { connectionId: row.connectionId, holder: "holder-1", fence: leased.fence });
    assert.ok(leased.fence > before.fence);
    assert.deepEqual(written(leased), written(row));
    const after = await present(store, row.connectionId);
    assert.equal(after.fence, leased.fence);
    assert.equal(after.lease?.holder, "holder-1");
    assert.deepEqual(leased.intents, []);
    const [open] = after.intents;
    assert.equal(after.intents.length, 1);
    assert.deepEqual({ ...open }, { ...intent, at: open?.at });
    assert.ok(open && open.at >= before.createdAt && open.at <= after.readAt);
    assert.ok((after.lease?.until ?? 0) > after.readAt && (after.lease?.until ?? 0) <= after.readAt + 60_000);
  });

  test("a lease that another holds is held, and stays the other's", async ({ store }) => {
    const row = await insert(store);
    const { lease } = await take(store, row);
    const outcome = await store.lease(
      leaseRequest(await present(store, row.connectionId), { intent: newIntent("default") }),
    );
    assert.equal(outcome.kind, "held");
    assert.ok(outcome.kind === "held" && outcome.remainingMs > 0 && outcome.remainingMs <= 60_000);
    const after = await present(store, row.connectionId);
    assert.equal(after.fence, lease.fence);
    assert.equal(after.lease?.holder, lease.holder);
    assert.deepEqual(after.intents, []);
  });

  test("of a hundred who ask at once, one gets the lease", async ({ store }) => {
    const row = await insert(store);
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => store.lease(leaseRequest(row))));
    assert.equal(outcomes.filter(({ kind }) => kind === "leased").length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === "held").length, 99);
  });

  test("a lease on another version, grant or fence has moved, and takes nothing", async ({ store }) => {
    const row = await insert(store);
    const { fence } = await present(store, row.connectionId);
    for (const change of [
      { version: row.version + 1 },
      { version: row.version - 1 },
      { grantId: random() },
      { fence: row.fence + 1 },
      { fence: row.fence - 1 },
    ]) {
      const outcome = await store.lease(leaseRequest(row, change));
      assert.ok(outcome.kind === "moved");
      assert.deepEqual(written(outcome.row), written(row));
    }
    const after = await present(store, row.connectionId);
    assert.equal(after.fence, fence);
    assert.equal(after.lease, undefined);
  });

  test("a lease on a row that is not there adds none", async ({ store }) => {
    const row = await insert(store);
    assert.deepEqual(await store.lease(leaseRequest(row, { connectionId: "absent" })), { kind: "absent" });
    assert.equal(await store.get("absent"), undefined);
  });

  test("a lease that has run out is taken over, under a higher fence", async ({ store, short, pass }) => {
    const row = await insert(store);
    const first = await take(store, row, { durationMs: short, intent: newIntent("default") });
    await pass();
    const second = await take(store, row);
    assert.ok(second.lease.fence > first.lease.fence);
    assert.notEqual(second.lease.holder, first.lease.holder);
  });

  test("D2 the holder of a lease takes it again, under a higher fence", async ({ store, short, pass }) => {
    const row = await insert(store);
    const [holder, intent] = [random(), newIntent("default")];
    const first = await take(store, row, { holder, durationMs: short });
    const second = await take(store, row, { holder, intent });
    assert.ok(second.lease.fence > first.lease.fence);
    assert.equal(second.row.fence, second.lease.fence);
    await pass();
    // The end is that of the second one, and so are the fence and the intent.
    const after = await present(store, row.connectionId);
    assert.deepEqual({ fence: after.fence, holder: after.lease?.holder }, { fence: second.lease.fence, holder });
    assert.deepEqual(attempts(after), [intent.attemptId]);
    assert.equal((await store.lease(leaseRequest(after))).kind, "held");
    await store.release({ lease: first.lease, intents: [] });
    assert.deepEqual(kept(await present(store, row.connectionId)), kept(after));
    assert.equal(await store.commit(commitOf(condition(first.row), successor(row))), "superseded");
    assert.equal(await store.commit(commitOf(condition(second.row), successor(row))), "committed");
  });

  test("the holder of a lease, too, gets it again only on the row as it is", async ({ store }) => {
    const row = await insert(store);
    const { lease, row: leased } = await take(store, row, { intent: newIntent("default") });
    const own = { holder: lease.holder };
    for (const stale of [{ fence: row.fence }, { version: row.version + 1 }, { grantId: random() }]) {
      assert.equal((await store.lease(leaseRequest(leased, { ...own, ...stale }))).kind, "moved");
      assert.equal((await store.lease(leaseRequest(leased, stale))).kind, "held");
    }
    assert.equal((await present(store, row.connectionId)).fence, lease.fence);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => store.lease(leaseRequest(leased, own))));
    assert.equal(outcomes.filter(({ kind }) => kind === "leased").length, 1);
    assert.equal(outcomes.filter(({ kind }) => kind === "moved").length, 4);
  });

  test("who read a row before a lease that came and went does not get the next", async ({ store }) => {
    const row = await insert(store);
    const { lease } = await take(store, row);
    await store.release({ lease });
    assert.equal((await store.lease(leaseRequest(row))).kind, "moved");
    await take(store, row);
  });

  test("intents outlive their lease, and a successor sees what was left", async ({ store, short, pass }) => {
    const row = await insert(store);
    const left = newIntent("default");
    await take(store, row, { durationMs: short, intent: left });
    await pass();
    const own = newIntent("default");
    const second = await take(store, row, { durationMs: short, intent: own });
    assert.deepEqual(attempts(second.row), [left.attemptId]);
    assert.deepEqual(attempts(await present(store, row.connectionId)), [own.attemptId]);
    await pass();
    const third = await take(store, row);
    assert.deepEqual(attempts(third.row), [own.attemptId]);
    assert.deepEqual(attempts(await present(store, row.connectionId)), [own.attemptId]);
  });

  test("each token set has an intent of its own", async ({ store }) => {
    const row = await insert(store);
    const intents = ["default", "user", "__proto__"].map(newIntent);
    for (const intent of intents) {
      const { lease } = await take(store, row, { intent });
      await store.release({ lease });
    }
    assert.deepEqual(
      attempts(await present(store, row.connectionId)),
      intents.map(({ attemptId }) => attemptId).sort(),
    );
    const { lease, row: leased } = await take(store, row);
    await store.release({ lease, intents: leased.intents.filter(({ tokenSet }) => tokenSet === "user") });
    assert.deepEqual(attempts(await present(store, row.connectionId)), [intents[1]?.attemptId]);
  });

  test("holders and intents have odd names", async ({ store }) => {
    const row = await insert(store);
    for (const id of oddIds) {
      const intent = { attemptId: id, tokenSet: id, refreshTokenHash: id };
      const { lease } = await take(store, row, { holder: id, intent });
      const leased = await present(store, row.connectionId);
      assert.equal(leased.lease?.holder, id);
      assert.deepEqual(
        leased.intents.map((open) => ({ ...open, at: undefined })),
        [{ ...intent, at: undefined }],
      );
      await store.release({ lease, intents: [] });
      assert.deepEqual((await present(store, row.connectionId)).intents, []);
      const { lease: next } = await take(store, row, { intent: newIntent("default") });
      await store.release({ lease: next, intents: leased.intents });
      assert.deepEqual((await present(store, row.connectionId)).intents, leased.intents);
      const { lease: last } = await take(store, row);
      await store.release({ lease: last, intents: [] });
    }
  });

  test("releasing gives the lease back at once, and moves no fence", async ({ store }) => {
    const row = await insert(store);
    const first = await take(store, row);
    await store.release({ lease: first.lease });
    const after = await present(store, row.connectionId);
    assert.equal(after.lease, undefined);
    assert.equal(after.fence, first.lease.fence);
    const second = await take(store, row);
    assert.ok(second.lease.fence > first.lease.fence);
  });

  test("F7 a lease is given back with the intents that a predecessor left, as they were", async ({
    store,
    short,
    pass,
  }) => {
    const row = await insert(store);
    await take(store, row, { durationMs: short, intent: newIntent("default") });
    await pass();
    const left = (await present(store, row.connectionId)).intents;
    const { lease, row: leased } = await take(store, row, { intent: newIntent("default") });
    await store.release({ lease, intents: leased.intents });
    assert.deepEqual((await present(store, row.connectionId)).intents, left);
    const next = await take(store, row);
    assert.deepEqual(next.row.intents, left);
  });

  test("releasing what is not one's own changes nothing", async ({ store, short, pass }) => {
    const row = await insert(store);
    const old = await take(store, row, { durationMs: short });
    await pass();
    const { lease } = await take(store, row, { intent: newIntent("default") });
    const strangers = [old.lease, { ...lease, holder: random() }, { ...lease, fence: lease.fence - 1 }];
    for (const stranger of strangers) await store.release({ lease: stranger, intents: [] });
    await store.release({ lease: { ...lease, connectionId: "absent" }, intents: [] });
    const after = await present(store, row.connectionId);
    assert.equal(after.lease?.holder, lease.holder);
    assert.equal(after.intents.length, 1);
    assert.equal((await store.lease(leaseRequest(after))).kind, "held");
  });

  test("a commit leaves the lease free and the old version behind", async ({ store }) => {
    const row = await insert(store);
    const { row: leased } = await take(store, row);
    assert.equal(await store.commit(commitOf(condition(leased), successor(row))), "committed");
    assert.equal((await store.lease(leaseRequest(row))).kind, "moved");
    await take(store, row);
  });
}

function attempts(row: GrantRow): readonly string[] {
  return row.intents.map(({ attemptId }) => attemptId).sort();
}
