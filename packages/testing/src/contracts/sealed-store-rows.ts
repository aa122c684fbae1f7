import { flipsOf, regionsOfGrant, regionsOfValue, tagLength } from "./envelope-regions.ts";
import type { RawRow } from "./sealed-store-door.ts";
import { exchanged, expectRefusals, only, refusesRows, tamper } from "./sealed-store-refusals.ts";
import { connect, connectAll, rawRow, type SealedStoreTest } from "./sealed-store-world.ts";

const everything: readonly (keyof RawRow)[] = ["sealed", "wrappedKey", "grantId", "version"];

/** Tests that a keeper which has nothing in memory opens no row that was changed, moved or turned back. */
export function testSealedRows(test: SealedStoreTest): void {
  test("E2 two rows whose sealed parts were swapped do not open, whoever they are of", async (it) => {
    const { ada, grace, bob, elsewhere } = await connectAll(it);
    it.advance(3601);
    for (const other of [grace, bob, elsewhere]) {
      await refusesRows(it, await exchanged(it, [ada, other], ["sealed"]));
      await refusesRows(it, await exchanged(it, [ada, other], ["sealed", "grantId", "version"]));
    }
  });

  test("E2 two rows whose wrapped data keys were swapped do not open", async (it) => {
    const { ada, grace, bob, elsewhere } = await connectAll(it);
    it.advance(3601);
    for (const other of [grace, bob, elsewhere]) {
      await refusesRows(it, await exchanged(it, [ada, other], ["wrappedKey"]));
    }
  });

  test("E2 a row's sealed part does not open under another connection's id, its data key beside it", async (it) => {
    const { ada, grace, bob, elsewhere } = await connectAll(it);
    it.advance(3601);
    const moved = await rawRow(it, ada);
    for (const other of [grace, bob, elsewhere]) {
      await refusesRows(it, [{ of: other, to: only(moved, ["sealed"]) }]);
      await refusesRows(it, [{ of: other, to: only(moved, ["sealed", "wrappedKey"]) }]);
      await refusesRows(it, [{ of: other, to: only(moved, everything) }]);
    }
  });

  test("E2 a row's sealed part does not open under another connection's id with its owner and connector beside it", async (it) => {
    const { ada, grace, bob, elsewhere } = await connectAll(it);
    it.advance(3601);
    const moved = await rawRow(it, ada);
    for (const { id } of [grace, bob, elsewhere]) {
      // As another connection of ada's at the same connector: nothing but its id is another.
      const of = { ...ada, id };
      const putBack = await tamper(it, [{ of, to: only(moved, [...everything, "ownerHash", "connector"]) }]);
      const keeper = it.open();
      await expectRefusals(it, keeper, [of], "a moved row", ["by id"]);
      await putBack();
      await it.close(keeper);
    }
  });

  test("E2 a row that was given to another owner or connector, by the column that finds it, does not open", async (it) => {
    const { ada, grace, bob, elsewhere } = await connectAll(it);
    it.advance(3601);
    await refusesRows(it, await exchanged(it, [ada, grace], ["ownerHash"]));
    await refusesRows(it, await exchanged(it, [ada, bob], ["ownerHash"]));
    await refusesRows(it, await exchanged(it, [ada, elsewhere], ["connector"]));
  });

  test("E2 an old ciphertext that was put back under a newer version does not open", async (it) => {
    const { keeper, ada } = await connectAll(it);
    const old = await rawRow(it, ada);
    for (let refresh = 0; refresh < 2; refresh++) {
      it.advance(3601);
      await keeper.connection("one", { id: ada.id }).token();
      it.advance(3601);
      await refusesRows(it, [{ of: ada, to: only(old, ["sealed"]) }]);
    }
  });

  test("E2 a row under an older or a newer version than its own does not open", async (it) => {
    const { keeper, ada } = await connectAll(it);
    it.advance(3601);
    await keeper.connection("one", { id: ada.id }).token();
    it.advance(3601);
    for (const by of [-1, 1, 1000]) {
      const { version } = await rawRow(it, ada);
      await refusesRows(it, [{ of: ada, to: { version: version + by } }]);
    }
  });

  test("E2 a ciphertext from before a reconnect does not open after it, its version beside it", async (it) => {
    const { keeper, ada } = await connectAll(it);
    const old = await rawRow(it, ada);
    await connect(keeper, "one", { owner: "ada", accountId: "1001", connectionId: ada.id });
    it.advance(3601);
    await refusesRows(it, [{ of: ada, to: only(old, ["sealed", "version"]) }]);
    await refusesRows(it, [{ of: ada, to: only(old, ["grantId"]) }]);
  });

  test("E4 a grant and a data key whose tag was cut to 12, 8, 4 or no bytes do not open", async (it) => {
    const { ada: of } = await connectAll(it);
    it.advance(3601);
    for (const kept of [12, 8, 4, 0]) {
      const { sealed, wrappedKey } = await rawRow(it, of);
      const cut = (bytes: Uint8Array) => bytes.subarray(0, bytes.length - tagLength + kept);
      await refusesRows(it, [{ of, to: { sealed: cut(sealed) } }]);
      await refusesRows(it, [{ of, to: { wrappedKey: cut(wrappedKey) } }]);
    }
  });

  test("E4 a grant and a data key that are empty, or longer by a byte, do not open", async (it) => {
    const { ada: of } = await connectAll(it);
    it.advance(3601);
    for (const column of ["sealed", "wrappedKey"] as const) {
      const bytes = (await rawRow(it, of))[column];
      await refusesRows(it, [{ of, to: { [column]: new Uint8Array(0) } }]);
      await refusesRows(it, [{ of, to: { [column]: Buffer.concat([bytes, Buffer.of(0)]) } }]);
    }
  });

  test("E4 E9 a grant with a bit flipped in any part of its envelope does not open, and is kept", async (it) => {
    const { ada: of } = await connectAll(it);
    it.advance(3601);
    const { sealed } = await rawRow(it, of);
    for (const region of regionsOfGrant(sealed)) {
      for (const flipped of flipsOf(sealed, region)) {
        await refusesRows(it, [{ of, to: { sealed: flipped } }], `the grant's ${region.name}`);
      }
    }
  });

  test("E4 E9 a grant whose data key has a bit flipped in any part of its envelope does not open, and is kept", async (it) => {
    const { ada: of } = await connectAll(it);
    it.advance(3601);
    const { wrappedKey } = await rawRow(it, of);
    for (const region of regionsOfValue(wrappedKey)) {
      for (const flipped of flipsOf(wrappedKey, region)) {
        await refusesRows(it, [{ of, to: { wrappedKey: flipped } }], `the data key's ${region.name}`);
      }
    }
  });

  test("a row that does not open keeps no other one from being used", async (it) => {
    const { ada, grace, bob, elsewhere } = await connectAll(it);
    it.advance(3601);
    await it.door.writeRow(ada.id, { sealed: Uint8Array.of(1) });
    const keeper = it.open();
    await expectRefusals(it, keeper, [ada]);
    for (const { id, connector, owner } of [grace, bob, elsewhere]) {
      await keeper.connection(connector, { id, owner }).token();
    }
  });
}
