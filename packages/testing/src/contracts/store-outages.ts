import assert from "node:assert/strict";
import { isGrantkeeperError } from "@grantkeeper/core";
import type { GrantCommit, GrantRow, NewGrantRow, Store } from "@grantkeeper/core/store";
import {
  commitOf,
  condition,
  hex,
  insert,
  kept,
  leaseRequest,
  newIntent,
  newRow,
  present,
  random,
  successor,
  take,
  written,
} from "./store-rows.ts";
import type { StoreTestFunction } from "./store-test.ts";

const rowsAtOnce = 50;

/** Tests a store that goes away and comes back: it says so meanwhile, and forgets nothing that it had acknowledged. */
export function testOutages(test: StoreTestFunction): void {
  test("F7 F9 a store that is away says so in every operation, and is as it was when it is back", async ({
    store,
    away,
  }) => {
    const row = await insert(store, { dueAt: 1 });
    const { lease } = await take(store, row, { intent: newIntent("default") });
    const free = await insert(store, { dueAt: 1 });
    await store.flows.put("flow", Uint8Array.of(1), 600_000);
    await store.records.compareAndSet("record", undefined, Uint8Array.of(2));
    const before = await everything(store);
    const leased = await present(store, row.connectionId);
    const added = newRow();

    await away(async () => {
      const operations: Readonly<Record<string, () => Promise<unknown>>> = {
        get: () => store.get(row.connectionId),
        "get what is not there": () => store.get("absent"),
        list: () => store.list({ limit: 10 }),
        "list what is not there": () => store.list({ ownerHash: random(), limit: 10 }),
        insert: () => store.insert(added),
        lease: () => store.lease(leaseRequest(free)),
        "lease what is not there": () => store.lease(leaseRequest(free, { connectionId: "absent" })),
        release: () => store.release({ lease, intents: [] }),
        commit: () => store.commit(commitOf(condition(leased), successor(row))),
        delete: () => store.delete(condition(leased)),
        rewrap: () => store.rewrap({ ...condition(free), expected: free.wrappedKey, wrappedKey: Uint8Array.of(3) }),
        claimDue: () => store.claimDue({ dueUntil: 1, holder: random(), durationMs: 60_000, limit: 10 }),
        "flows.put": () => store.flows.put("other flow", Uint8Array.of(4), 600_000),
        "flows.take": () => store.flows.take("flow"),
        "flows.list": () => store.flows.list({ limit: 10 }),
        "flows.take what is not there": () => store.flows.take("absent"),
        "records.get": () => store.records.get("record"),
        "records.get what is not there": () => store.records.get("absent"),
        "records.list": () => store.records.list({ prefix: "record", limit: 10 }),
        "records.list of none": () => store.records.list({ prefix: "absent", limit: 10 }),
        "records.compareAndSet": () => store.records.compareAndSet("record", Uint8Array.of(2), Uint8Array.of(5)),
      };
      const said = await Promise.all(
        Object.entries(operations).map(async ([name, operation]) => [name, await codeOf(operation)]),
      );
      assert.deepEqual(
        said,
        Object.keys(operations).map((name) => [name, "store_unavailable"]),
      );
    });

    assert.deepEqual(await everything(store), before);
    assert.equal(await store.get(added.connectionId), undefined);
    assert.equal(hex(await store.flows.take("flow")), hex(Uint8Array.of(1)));
    assert.equal(await store.flows.take("other flow"), undefined);
    assert.equal(hex(await store.records.get("record")), hex(Uint8Array.of(2)));
  });

  test("F7 a commit that failed in an outage may be made again, and holds once", async ({ store, away }) => {
    const row = await insert(store);
    const { row: leased } = await take(store, row, { intent: newIntent("default") });
    const commit: GrantCommit = {
      ...commitOf(condition(leased), { ...successor(row), dueAt: 7 }),
      clearIntents: ["default"],
    };
    for (let outage = 0; outage < 2; outage++) {
      assert.equal(await away(() => codeOf(() => store.commit(commit))), "store_unavailable");
    }
    assert.equal(await store.commit(commit), "committed");
    assert.equal(await store.commit(commit), "superseded");
    const after = await present(store, row.connectionId);
    assert.deepEqual(written(after), written({ ...row, ...commit.payload }));
    assert.equal(after.lease, undefined);
    assert.deepEqual(after.intents, []);
  });

  test("F7 D2 a lease from before an outage counts after it", async ({ store, away }) => {
    const row = await insert(store);
    const { row: leased, lease } = await take(store, row, { intent: newIntent("default") });
    await away(async () => {
      assert.equal(await codeOf(() => store.lease(leaseRequest(leased))), "store_unavailable");
    });
    const after = await present(store, row.connectionId);
    assert.equal(after.fence, lease.fence);
    assert.equal(after.intents.length, 1);
    assert.equal((await store.lease(leaseRequest(after))).kind, "held");
    assert.equal(await store.commit(commitOf(condition(leased), successor(row))), "committed");
  });

  test("F7 when the store goes away in the middle of commits, each that was acknowledged is there, each other wholly or not at all", async ({
    store,
    away,
  }) => {
    const commits = await Promise.all(
      Array.from({ length: rowsAtOnce }, async () => {
        const row = await insert(store);
        const { row: leased } = await take(store, row, { intent: newIntent("default") });
        const payload = { ...successor(leased), dueAt: 7, identityHash: random() };
        const commit: GrantCommit = { expected: condition(leased), payload, clearIntents: ["default"] };
        return { before: await present(store, row.connectionId), commit };
      }),
    );
    const outcomes = await inTheMiddle(
      commits.map(
        ({ commit }) =>
          () =>
            store.commit(commit),
      ),
      away,
    );
    for (const [index, { before, commit }] of commits.entries()) {
      const { connectionId } = before;
      const row = await present(store, connectionId);
      const isThere = row.version === commit.payload.version;
      assertWhole(row, before, isThere ? commit : undefined);
      const [oldHash, newHash] = [before.tokenHashes[0], commit.payload.tokenHashes[0]];
      assert.equal(await isListed(store, newHash, connectionId), isThere, "a row is found by the tokens that it holds");
      assert.equal(
        await isListed(store, oldHash, connectionId),
        !isThere,
        "a row is found by the tokens that it holds",
      );
      if (outcomes[index] === "committed") assert.ok(isThere, "what was acknowledged is there");
      else assert.equal(outcomes[index], "store_unavailable");
      // A part that was on its way may still have come between the reading and this.
      const again = await store.commit(commit);
      if (isThere) assert.equal(again, "superseded");
      else assert.ok(again === "committed" || again === "superseded");
      assertWhole(await present(store, connectionId), before, commit);
    }
  });

  test("F7 when the store goes away in the middle of inserts, each that was acknowledged is there, and each other may be made again", async ({
    store,
    away,
  }) => {
    const rows = Array.from({ length: rowsAtOnce }, () => newRow({ dueAt: 7 }));
    const outcomes = await inTheMiddle(
      rows.map((row) => async () => ((await store.insert(row)).inserted ? "inserted" : "taken")),
      away,
    );
    for (const [index, row] of rows.entries()) {
      const { connectionId, ownerHash } = row;
      if (outcomes[index] === "inserted") await present(store, connectionId);
      else assert.equal(outcomes[index], "store_unavailable");
      const again = await store.insert(row);
      assert.ok(again.inserted || again.connectionId === connectionId, "no other row has its identity");
      assert.deepEqual(written(await present(store, connectionId)), written(row));
      const { rows: listed } = await store.list({ ownerHash, limit: 10 });
      assert.deepEqual(
        listed.map((found) => found.connectionId),
        [connectionId],
      );
    }
    const { claimed } = await store.claimDue({ dueUntil: 7, holder: random(), durationMs: 60_000, limit: 1000 });
    assert.equal(claimed.length, rowsAtOnce);
  });
}

/** Starts all of them, makes the store go away when the first has come through, and returns how each ended. */
async function inTheMiddle(
  operations: readonly (() => Promise<string>)[],
  away: <Result>(work: () => Promise<Result>) => Promise<Result>,
): Promise<readonly string[]> {
  const running = operations.map((operation) => outcomeOf(operation));
  await Promise.race(running);
  const outcomes = await away(() => Promise.all(running));
  assert.ok(outcomes.includes("store_unavailable"), "the store goes away before all have come through");
  return outcomes;
}

/** A row is all that it was before the commit, or all that the commit makes of it. */
function assertWhole(row: GrantRow, before: GrantRow, commit: GrantCommit | undefined): void {
  const expected: NewGrantRow = commit ? { ...before, ...commit.payload } : before;
  assert.deepEqual(written(row), written(expected));
  assert.equal(row.fence, before.fence);
  assert.equal(row.lease?.holder, commit ? undefined : before.lease?.holder);
  assert.equal(row.intents.length, commit ? 0 : 1);
}

async function isListed(store: Store, tokenHash: string | undefined, connectionId: string): Promise<boolean> {
  const { rows } = await store.list({ tokenHash, limit: 10 });
  return rows.some((row) => row.connectionId === connectionId);
}

async function everything(store: Store): Promise<unknown> {
  return (await store.list({ limit: 1000 })).rows.map(kept);
}

async function outcomeOf(operation: () => Promise<string>): Promise<string> {
  try {
    return await operation();
  } catch (error) {
    return isGrantkeeperError(error) ? error.code : String(error);
  }
}

/** What an operation rejects with; an answer is no code. */
function codeOf(operation: () => Promise<unknown>): Promise<string> {
  return outcomeOf(async () => {
    await operation();
    return "an answer";
  });
}
