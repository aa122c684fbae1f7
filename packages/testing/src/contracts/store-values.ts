import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { hex, insert, newRow, oddIds, present, random, written } from "./store-rows.ts";
import type { StoreTestFunction } from "./store-test.ts";

const mebibyte = 1024 * 1024;
const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);

/** Tests rows, flows and records as values: what is put in comes out, once where it says once. */
export function testRowsAndValues(test: StoreTestFunction): void {
  test("migrating again keeps what is there", async ({ store }) => {
    const row = await insert(store);
    await store.migrate();
    assert.deepEqual(written(await present(store, row.connectionId)), written(row));
  });

  test("a row comes back as it was given, whatever its bytes and ids", async ({ store }) => {
    const rows = oddIds.map((id) =>
      newRow({
        connectionId: id,
        connector: id,
        ownerHash: id,
        identityHash: id,
        accountHash: id,
        grantId: id,
        sealed: everyByte,
        tokenHashes: [id],
      }),
    );
    for (const row of rows) assert.deepEqual(await store.insert(row), { inserted: true });
    for (const row of rows) assert.deepEqual(written(await present(store, row.connectionId)), written(row));
    assert.equal(await store.get("no such row"), undefined);
    assert.equal(await store.get("toString"), undefined);
  });

  test("a new row has no lease and no intents, and the store's times", async ({ store }) => {
    const { connectionId } = await insert(store);
    const row = await present(store, connectionId);
    assert.equal(row.lease, undefined);
    assert.deepEqual(row.intents, []);
    assert.ok(Number.isSafeInteger(row.fence));
    assert.equal(row.createdAt, row.updatedAt);
    assert.ok(row.readAt >= row.createdAt);
  });

  test("a row keeps when it is due, to the millisecond", async ({ store }) => {
    for (const dueAt of [undefined, -1, 0, 1, 1_763_078_400_001, 8_640_000_000_000_000, Number.MAX_SAFE_INTEGER]) {
      assert.equal((await insert(store, { dueAt })).dueAt, dueAt);
    }
  });

  test("a row of 1 MiB comes back whole", async ({ store }) => {
    const row = await insert(store, { sealed: randomBytes(mebibyte) });
    assert.deepEqual(written(await present(store, row.connectionId)), written(row));
  });

  test("what a caller does to its bytes afterwards changes nothing", async ({ store }) => {
    const sealed = Uint8Array.from(everyByte);
    const { connectionId } = await insert(store, { sealed });
    sealed.fill(0);
    const read = await present(store, connectionId);
    assert.equal(hex(read.sealed), hex(everyByte));
    read.sealed.fill(0);
    assert.equal(hex((await present(store, connectionId)).sealed), hex(everyByte));
  });

  test("a connection id is taken once", async ({ store }) => {
    const row = await insert(store);
    const outcome = await store.insert(newRow({ connectionId: row.connectionId }));
    assert.deepEqual(outcome, { inserted: false, connectionId: row.connectionId });
    assert.deepEqual(written(await present(store, row.connectionId)), written(row));
  });

  test("an identity is taken once, and the one who has it is named", async ({ store }) => {
    const row = await insert(store);
    const other = newRow({ identityHash: row.identityHash });
    assert.deepEqual(await store.insert(other), { inserted: false, connectionId: row.connectionId });
    assert.equal(await store.get(other.connectionId), undefined);
  });

  test("of many inserts of one identity at once, one holds", async ({ store }) => {
    const identityHash = random();
    const rows = Array.from({ length: 20 }, () => newRow({ identityHash }));
    const outcomes = await Promise.all(rows.map((row) => store.insert(row)));
    const winners = rows.filter((_, index) => outcomes[index]?.inserted);
    assert.equal(winners.length, 1);
    for (const outcome of outcomes) {
      if (!outcome.inserted) assert.equal(outcome.connectionId, winners[0]?.connectionId);
    }
  });

  test("R5 of a hundred who take a flow at once, one gets it", async ({ store }) => {
    const sealed = randomBytes(500);
    await store.flows.put("flow", sealed, 600_000);
    const taken = await Promise.all(Array.from({ length: 100 }, () => store.flows.take("flow")));
    assert.deepEqual(taken.filter((value) => value !== undefined).map(hex), [hex(sealed)]);
    assert.equal(await store.flows.take("flow"), undefined);
  });

  test("R5 a flow is gone when its time has run out", async ({ store, short, pass }) => {
    await store.flows.put("short", everyByte, short);
    await store.flows.put("long", everyByte, short * 1000);
    await pass();
    assert.equal(await store.flows.take("short"), undefined);
    assert.equal(hex(await store.flows.take("long")), hex(everyByte));
  });

  test("flows have odd keys and up to 1 MiB", async ({ store }) => {
    for (const key of oddIds) await store.flows.put(key, Buffer.from(key), 600_000);
    for (const key of oddIds) assert.equal(hex(await store.flows.take(key)), hex(Buffer.from(key)));
    const large = randomBytes(mebibyte);
    await store.flows.put("large", large, 600_000);
    assert.equal(hex(await store.flows.take("large")), hex(large));
  });

  test("flows that have not ended are listed in pages, and stay", async ({ store, short, pass }) => {
    const keys = [...oddIds.map((id) => `flow ${id}`), ...Array.from({ length: 12 }, (_, index) => `flow ${index}`)];
    for (const key of keys) await store.flows.put(key, Buffer.from(key), 600_000);
    await store.flows.put("ends soon", everyByte, short);
    await pass();
    const found = new Map<string, string>();
    let after: string | undefined;
    for (let pages = 0; pages <= keys.length; pages++) {
      const page = await store.flows.list({ after, limit: 5 });
      assert.ok(page.flows.length <= 5);
      for (const { key, sealed } of page.flows) found.set(key, hex(sealed) ?? "");
      after = page.next;
      if (after === undefined) break;
    }
    assert.equal(after, undefined);
    assert.deepEqual(new Set(found.keys()), new Set(keys));
    for (const [key, sealed] of found) assert.equal(sealed, hex(Buffer.from(key)));
    for (const key of keys) assert.equal(hex(await store.flows.take(key)), hex(Buffer.from(key)));
    assert.deepEqual((await store.flows.list({ limit: 5 })).flows, []);
  });

  test("a record is set only over the value that was expected", async ({ store }) => {
    const { records } = store;
    const [first, second] = [Uint8Array.of(0, 255), Uint8Array.of(0, 254)];
    assert.equal(await records.get("key"), undefined);
    assert.equal(await records.compareAndSet("key", first, second), false);
    assert.equal(await records.get("key"), undefined);
    assert.equal(await records.compareAndSet("key", undefined, first), true);
    assert.equal(await records.compareAndSet("key", undefined, second), false);
    assert.equal(await records.compareAndSet("key", second, first), false);
    assert.equal(hex(await records.get("key")), hex(first));
    assert.equal(await records.compareAndSet("key", Uint8Array.from(first), second), true);
    assert.equal(hex(await records.get("key")), hex(second));
  });

  test("of many who set a record at once, one does", async ({ store }) => {
    const values = Array.from({ length: 50 }, (_, index) => Uint8Array.of(index));
    const set = await Promise.all(values.map((value) => store.records.compareAndSet("key", undefined, value)));
    const winners = values.filter((_, index) => set[index]);
    assert.equal(winners.length, 1);
    assert.equal(hex(await store.records.get("key")), hex(winners[0]));
  });

  test("records have odd names and up to 1 MiB", async ({ store }) => {
    for (const name of oddIds) assert.ok(await store.records.compareAndSet(name, undefined, Buffer.from(name)));
    for (const name of oddIds) assert.equal(hex(await store.records.get(name)), hex(Buffer.from(name)));
    const large = randomBytes(mebibyte);
    assert.ok(await store.records.compareAndSet("large", undefined, large));
    assert.equal(hex(await store.records.get("large")), hex(large));
  });

  test("a record is removed only where its value is the one expected", async ({ store }) => {
    const { records } = store;
    const value = Uint8Array.of(1);
    assert.equal(await records.compareAndSet("absent", undefined, undefined), true);
    assert.equal(await records.compareAndSet("absent", value, undefined), false);
    assert.equal(await records.compareAndSet("key", undefined, value), true);
    assert.equal(await records.compareAndSet("key", undefined, undefined), false);
    assert.equal(await records.compareAndSet("key", Uint8Array.of(2), undefined), false);
    assert.equal(hex(await records.get("key")), hex(value));
    assert.equal(await records.compareAndSet("key", value, undefined), true);
    assert.equal(await records.get("key"), undefined);
    assert.deepEqual((await records.list({ prefix: "k", limit: 10 })).records, []);
    assert.equal(await records.compareAndSet("key", undefined, value), true);
  });

  test("records are listed by the beginning of their names, both ways, in pages", async ({ store }) => {
    const { records } = store;
    const log = Array.from({ length: 23 }, (_, index) => `log/a/${String(index).padStart(4, "0")}`);
    const others = ["log/a", "log/a.", "log/a0", "log/b/0001", "lo", "m", ...oddIds.map((id) => `log/${id}`)];
    for (const name of [...log.toReversed(), ...others]) {
      assert.ok(await records.compareAndSet(name, undefined, Buffer.from(name)));
    }
    for (const backwards of [false, true]) {
      const order = backwards ? log.toReversed() : log;
      const found: { readonly name: string; readonly value: string | undefined }[] = [];
      let after: string | undefined;
      for (let pages = 0; pages <= log.length; pages++) {
        const page = await records.list({ prefix: "log/a/", after, backwards, limit: 5 });
        assert.ok(page.records.length <= 5);
        found.push(...page.records.map(({ name, value }) => ({ name, value: hex(value) })));
        after = page.next;
        if (after === undefined) break;
      }
      assert.equal(after, undefined);
      assert.deepEqual(
        found,
        order.map((name) => ({ name, value: hex(Buffer.from(name)) })),
      );
      // A place may be a name that is not there.
      const between = await records.list({ prefix: "log/a/", after: "log/a/0010+", backwards, limit: 1 });
      assert.equal(between.records[0]?.name, backwards ? "log/a/0010" : "log/a/0011");
    }
    assert.equal((await records.list({ prefix: "log/", limit: 1000 })).records.length, log.length + others.length - 2);
    assert.deepEqual((await records.list({ prefix: "none", limit: 10 })).records, []);
    for (const limit of [0, 1001, 1.5]) {
      await assert.rejects(records.list({ prefix: "log/", limit }), { code: "invalid_request" });
    }
    await assert.rejects(records.list({ prefix: "", limit: 1 }), { code: "invalid_request" });
  });

  test("a key of a row, a flow and a record are three", async ({ store }) => {
    await insert(store, { connectionId: "same" });
    assert.equal(await store.flows.take("same"), undefined);
    assert.equal(await store.records.get("same"), undefined);
  });
}
