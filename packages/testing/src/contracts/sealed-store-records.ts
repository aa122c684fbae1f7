import assert from "node:assert/strict";
import { generateKey } from "@grantkeeper/core";
import { flipsOf, regionsOfValue } from "./envelope-regions.ts";
import { exchanged, expectRefusals, tamper } from "./sealed-store-refusals.ts";
import {
  codeOf,
  connectAll,
  rawRow,
  rowsAsText,
  type SealedStoreTest,
  type SealedWorld,
} from "./sealed-store-world.ts";
import { hex } from "./store-rows.ts";

/** Tests the keys that lie in the store: those that wrap others, and passes that wrap anew. */
export function testSealedRecords(test: SealedStoreTest): void {
  test("E4 E9 with a bit flipped in any part of the index key nothing opens, and it is kept", async (it) => {
    const { ada } = await connectAll(it);
    it.advance(3601);
    const original = await recordOf(it, "index-key");
    for (const region of regionsOfValue(original)) {
      for (const flipped of flipsOf(original, region)) {
        await setRecord(it, "index-key", flipped);
        const keeper = it.open();
        await expectRefusals(it, keeper, [ada], `the index key's ${region.name}`);
        await it.close(keeper);
        assert.equal(hex(await recordOf(it, "index-key")), hex(flipped));
      }
    }
    await setRecord(it, "index-key", original);
    await it.open().connection("one", { id: ada.id }).token();
  });

  test("E4 E9 where a key-encryption key was changed, taken out or exchanged nothing opens, and none is made anew", async (it) => {
    const { ada, bob } = await connectAll(it);
    it.advance(3601);
    const original = await recordOf(it, "keys");
    const text = Buffer.from(original).toString();
    const changed = [
      text.replace(/("wrapped":"...)(.)/, (_, before: string, one: string) => before + (one === "A" ? "B" : "A")),
      text.replace(/"wrapped":"[^"]*"/, `"wrapped":"${Buffer.alloc(92, 7).toString("base64url")}"`),
      text.replace('"version":1', '"version":2'),
      text.replace(it.key.id, "another"),
      text.replace(/"keys":\[.*\]/, '"keys":[]'),
      text.replace('"format":1', '"format":2'),
      text.slice(0, -1),
    ];
    for (const record of changed) {
      assert.notEqual(record, text);
      await setRecord(it, "keys", Buffer.from(record));
      await expectRefusals(it, it.open(), [ada, bob], record.replace(/"wrapped":"[^"]*"/, ""));
      assert.equal(Buffer.from(await recordOf(it, "keys")).toString(), record);
    }
    await setRecord(it, "keys", original);
    await it.open().connection("one", { id: ada.id }).token();
  });

  test("E2 E7 a rotation of keys wraps no data key anew that was moved or changed, and finds it again", async (it) => {
    const { keeper, ada, grace, bob, elsewhere } = await connectAll(it);
    await it.close(keeper);
    const wrapped = await rawRow(it, bob);
    const putBack = await tamper(it, [
      ...(await exchanged(it, [ada, grace], ["wrappedKey"])),
      { of: bob, to: { wrappedKey: Buffer.concat([wrapped.wrappedKey.subarray(0, -1), Buffer.of(0)]) } },
    ]);
    const before = await rowsAsText(it, [ada, grace, bob]);
    const keys = [{ id: "2027-01", secret: generateKey() }, it.key];
    const rotating = it.open({ keys });
    assert.deepEqual(await rotating.rotateKeys(), { seen: 4, changed: 1, failed: 3 });
    assert.deepEqual(await rowsAsText(it, [ada, grace, bob]), before, "what does not open is kept as it is");
    await putBack();
    assert.deepEqual(await rotating.rotateKeys(), { seen: 4, changed: 3, failed: 0 });
    for (const { id, connector } of [ada, grace, bob, elsewhere]) {
      await rotating.connection(connector, { id }).token();
    }
  });

  test("E9 a row under a key that is not configured is kept, and opens once it is", async (it) => {
    const { keeper, ada } = await connectAll(it);
    await it.close(keeper);
    const strange = it.open({ keys: [{ id: "2027-01", secret: generateKey() }] });
    await expectRefusals(it, strange, [ada]);
    assert.equal(await codeOf(() => it.open().connection("one", { id: ada.id }).status()), "none");
    const other = it.open({ keys: [{ id: it.key.id, secret: generateKey() }] });
    await expectRefusals(it, other, [ada]);
    await it.open().connection("one", { id: ada.id }).status();
  });
}

async function recordOf(it: SealedWorld, name: string): Promise<Uint8Array> {
  const value = await it.withStore((store) => store.records.get(name));
  assert.ok(value, `the record ${name} is there`);
  return value;
}

async function setRecord(it: SealedWorld, name: string, value: Uint8Array): Promise<void> {
  const set = await it.withStore(async ({ records }) => records.compareAndSet(name, await records.get(name), value));
  assert.ok(set);
}
