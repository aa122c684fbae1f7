import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Store } from "@grantkeeper/core/store";
import { expect, test } from "vitest";
import { sqliteStore } from "./index.ts";
import { createFolder } from "./test/fixtures.ts";
import { newRow } from "./test/new-row.ts";

test("E8 of rows, flows and records that are gone nothing is left in the file of a closed store", async () => {
  const folder = createFolder();
  const store = sqliteStore(join(folder, "grants.db"));
  const gone: Uint8Array[] = [];
  const kept: Uint8Array[] = [];
  const ids = Array.from({ length: 120 }, (_, index) => `con-${index}`);
  // Sizes that share pages, split them, and reach beyond one.
  for (const [index, id] of ids.entries()) {
    const [wrappedKey, sealed] = [randomBytes(100), randomBytes(200 + ((index * 997) % 6_000))];
    await store.insert(newRow(id, { wrappedKey, sealed }));
    (index % 3 === 0 ? kept : gone).push(wrappedKey);
    gone.push(sealed);
    const [flow, record] = [randomBytes(300), randomBytes(100)];
    await store.flows.put(id, flow, 60_000);
    await store.records.compareAndSet(id, undefined, record);
    gone.push(flow, record);
  }
  for (const [index, id] of ids.entries()) {
    await replace(store, id, randomBytes(200 + ((index * 613) % 6_000)));
    if (index % 3 !== 0) gone.push(await remove(store, id));
    await store.flows.take(id);
    const record = await store.records.get(id);
    await store.records.compareAndSet(id, record, index % 2 === 0 ? undefined : new Uint8Array(0));
  }
  await store.close();
  const [name, ...others] = readdirSync(folder);
  expect([name, others]).toEqual(["grants.db", []]);
  const file = readFileSync(join(folder, "grants.db"));
  // A part of each: what is larger than a page does not lie in one piece.
  const isLeft = (bytes: Uint8Array) =>
    [0, bytes.length - 32].some((at) => file.includes(Buffer.from(bytes.subarray(at, at + 32))));
  expect(gone.filter(isLeft)).toHaveLength(0);
  expect(kept.filter(isLeft)).toHaveLength(kept.length);
});

test("E8 of a row and a record that were erased nothing is left while the store is open, its log included", async () => {
  const folder = createFolder();
  const store = sqliteStore(join(folder, "grants.db"));
  const [erased, kept] = ["gone", "kept"].map((id) => ({ id, key: randomBytes(100), record: randomBytes(100) }));
  if (erased === undefined || kept === undefined) throw new Error("there are two");
  for (const { id, key: wrappedKey, record } of [erased, kept]) {
    await store.insert(newRow(id, { wrappedKey }));
    await store.records.compareAndSet(id, undefined, record);
  }
  const isThere = (bytes: Uint8Array) =>
    readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(Buffer.from(bytes)));
  expect([erased, kept].flatMap(({ key, record }) => [key, record]).map(isThere)).toEqual([true, true, true, true]);
  await remove(store, erased.id);
  expect([erased.key, kept.key].map(isThere)).toEqual([false, true]);
  expect(await store.records.compareAndSet(erased.id, erased.record, new Uint8Array(0))).toBe(true);
  expect([erased.record, kept.record].map(isThere)).toEqual([false, true]);
  await store.close();
});

async function replace(store: Store, connectionId: string, sealed: Uint8Array): Promise<void> {
  const row = await store.get(connectionId);
  if (row === undefined) throw new Error("the row is gone");
  const payload = { ...row, sealed, version: row.version + 1 };
  expect(await store.commit({ expected: row, payload, clearIntents: [] })).toBe("committed");
}

async function remove(store: Store, connectionId: string): Promise<Uint8Array> {
  const row = await store.get(connectionId);
  if (row === undefined) throw new Error("the row is gone");
  expect(await store.delete(row)).toBe("deleted");
  return row.sealed;
}
