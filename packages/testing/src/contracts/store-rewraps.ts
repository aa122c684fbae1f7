import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { GrantRow, RewrapRequest } from "@grantkeeper/core/store";
import { commitOf, condition, hex, insert, kept, newIntent, present, random, successor, take } from "./store-rows.ts";
import type { StoreTestFunction } from "./store-test.ts";

/** Tests that a data key is wrapped anew by one conditional write, which disturbs nobody. */
export function testRewraps(test: StoreTestFunction): void {
  test("E7 a rewrap replaces the wrapped key, and nothing else", async ({ store, pass }) => {
    const { connectionId } = await insert(store, { dueAt: 1_700_000_000_123 });
    const row = (await take(store, { connectionId }, { intent: newIntent("default") })).row;
    const before = await present(store, connectionId);
    await pass();
    const request = rewrapOf(row);
    assert.equal(await store.rewrap(request), "rewrapped");
    const { wrappedKey } = request;
    assert.deepEqual(kept(await present(store, connectionId)), kept({ ...before, wrappedKey }));
  });

  test("E7 a rewrap on another grant or another wrapped key has moved, and changes nothing", async ({ store }) => {
    const row = await insert(store);
    const other = await insert(store);
    const changed = Uint8Array.from(row.wrappedKey);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    const wrong: readonly Partial<RewrapRequest>[] = [
      { grantId: random() },
      { grantId: other.grantId },
      { expected: changed },
      { expected: row.wrappedKey.subarray(0, -1) },
      { expected: Buffer.concat([row.wrappedKey, Buffer.of(0)]) },
      { expected: new Uint8Array() },
      { expected: other.wrappedKey },
    ];
    for (const change of wrong) assert.equal(await store.rewrap({ ...rewrapOf(row), ...change }), "moved");
    assert.deepEqual(kept(await present(store, row.connectionId)), kept(row));
    assert.deepEqual(kept(await present(store, other.connectionId)), kept(other));
  });

  test("a rewrap on a row that is not there adds none", async ({ store }) => {
    const row = await insert(store);
    assert.equal(await store.rewrap({ ...rewrapOf(row), connectionId: "absent" }), "moved");
    assert.equal(await store.get("absent"), undefined);
    assert.deepEqual(kept(await present(store, row.connectionId)), kept(row));
  });

  test("E7 a rewrap between a lease and its commit leaves both valid, and the commit leaves the new key", async ({
    store,
  }) => {
    const row = await insert(store);
    const { row: leased } = await take(store, row);
    const request = rewrapOf(leased);
    assert.equal(await store.rewrap(request), "rewrapped");
    const next = successor(row);
    // What the holder knows of the row still has the old key.
    assert.equal(await store.commit(commitOf(condition(leased), { ...leased, ...next })), "committed");
    const after = await present(store, row.connectionId);
    assert.equal(hex(after.wrappedKey), hex(request.wrappedKey));
    assert.equal(hex(after.sealed), hex(next.sealed));
    assert.equal(await store.rewrap(request), "moved");
    assert.equal(await store.rewrap(rewrapOf(after)), "rewrapped");
  });

  test("E7 a rewrap and a commit at once both hold", async ({ store }) => {
    for (let round = 0; round < 20; round++) {
      const row = await insert(store);
      const { row: leased } = await take(store, row);
      const [request, next] = [rewrapOf(leased), successor(row)];
      const commit = () => store.commit(commitOf(condition(leased), next));
      const rewrap = () => store.rewrap(request);
      const both = round % 2 === 0 ? [commit(), rewrap()] : [rewrap(), commit()];
      assert.deepEqual((await Promise.all(both)).sort(), ["committed", "rewrapped"]);
      const after = await present(store, row.connectionId);
      assert.equal(hex(after.wrappedKey), hex(request.wrappedKey));
      assert.equal(hex(after.sealed), hex(next.sealed));
      assert.equal(after.version, next.version);
    }
  });

  test("of many rewraps of one key, one holds", async ({ store }) => {
    const row = await insert(store);
    const requests = Array.from({ length: 20 }, () => rewrapOf(row));
    const outcomes = await Promise.all(requests.map((request) => store.rewrap(request)));
    const winners = requests.filter((_, index) => outcomes[index] === "rewrapped");
    assert.equal(winners.length, 1);
    assert.equal(outcomes.filter((outcome) => outcome === "moved").length, 19);
    assert.equal(hex((await present(store, row.connectionId)).wrappedKey), hex(winners[0]?.wrappedKey));
  });

  test("wrapped keys of up to 4 KiB hold any bytes", async ({ store }) => {
    const everyByte = Uint8Array.from({ length: 4096 }, (_, index) => index & 255);
    const row = await insert(store, { wrappedKey: everyByte });
    assert.equal(hex(row.wrappedKey), hex(everyByte));
    const backwards = Uint8Array.from(everyByte).reverse();
    assert.equal(await store.rewrap({ ...rewrapOf(row), wrappedKey: backwards }), "rewrapped");
    assert.equal(hex((await present(store, row.connectionId)).wrappedKey), hex(backwards));
    const short = Uint8Array.of(0);
    assert.equal(await store.rewrap({ ...rewrapOf(row), expected: backwards, wrappedKey: short }), "rewrapped");
    assert.equal(hex((await present(store, row.connectionId)).wrappedKey), hex(short));
  });

  test("what a caller does to a wrapped key afterwards changes nothing", async ({ store }) => {
    const wrappedKey = randomBytes(60);
    const original = Uint8Array.from(wrappedKey);
    const row = await insert(store, { wrappedKey });
    wrappedKey.fill(0);
    const read = await present(store, row.connectionId);
    assert.equal(hex(read.wrappedKey), hex(original));
    read.wrappedKey.fill(0);
    const next = randomBytes(60);
    const copy = Uint8Array.from(next);
    const request = { ...rewrapOf(row), expected: original, wrappedKey: next };
    assert.equal(await store.rewrap(request), "rewrapped");
    next.fill(0);
    assert.equal(hex((await present(store, row.connectionId)).wrappedKey), hex(copy));
  });
}

function rewrapOf({ connectionId, grantId, wrappedKey }: GrantRow): RewrapRequest {
  return { connectionId, grantId, expected: wrappedKey, wrappedKey: randomBytes(60) };
}
