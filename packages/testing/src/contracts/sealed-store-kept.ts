import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoredRecord } from "@grantkeeper/core/store";
import { type FoundSecret, findSecrets, type MarkedSecret } from "../secrets/find-secrets.ts";
import { tapSecrets } from "../secrets/tap-secrets.ts";
import type { SealedStoreUnderTest } from "./sealed-store-door.ts";
import { live, marked, markedConnector, markedPeople, namesOf } from "./sealed-store-life.ts";
import { connect, rawRow, type SealedWorld, withWorld } from "./sealed-store-world.ts";
import { newRow } from "./store-rows.ts";
import type { TestFunction } from "./test-function.ts";

/** Tests that nothing which is kept can be read, wherever it lies, and that nothing is left of what was erased. */
export function testKept(test: TestFunction, makePlace: () => Promise<SealedStoreUnderTest>): void {
  test("R54 E1 no secret and no name of anybody is in what the store keeps, nor in the journal", async () => {
    const people = markedPeople();
    const journal = await mkdtemp(join(tmpdir(), "grantkeeper-journal-"));
    const run = async (it: SealedWorld) => {
      const tap = tapSecrets();
      const { keeper, settle } = await live(it, tap, people, journal);
      const journalled = await contentsOf(journal);
      assert.ok(journalled.length > 0, "something is in the journal");
      const open = await it.door.dump();
      await settle();
      await it.close(keeper);
      const secrets = [...tap.secrets(), ...namesOf(people)];
      const kinds = ["access_token", "refresh_token", "id_token", "code", "code_verifier", "state", "nonce", "cookie"];
      for (const kind of kinds)
        assert.ok(
          secrets.some(({ name }) => name.startsWith(`${kind} `)),
          `a ${kind} has passed`,
        );
      const places = { "the journal": journalled, "the open store": open, "the closed store": await it.door.dump() };
      for (const [name, parts] of Object.entries(places)) assert.deepEqual(foundIn(parts, secrets), [], name);
    };
    try {
      await withWorld(await makePlace(), run, (id) => markedConnector(id, people));
    } finally {
      await rm(journal, { recursive: true });
    }
  });

  test("R54 what a store is given unsealed would be found in what it keeps", async () => {
    const planted = {
      sealed: marked("sealed"),
      wrappedKey: marked("wrapped key"),
      connector: marked("connector"),
      flow: marked("flow"),
      flowKey: marked("key of a flow"),
      record: marked("record"),
      recordName: marked("name of a record"),
    };
    const expectFound = async (it: SealedWorld) => {
      const found = new Set(foundIn(await it.door.dump(), Object.values(planted)).map(({ name }) => name));
      assert.deepEqual(
        [...found].sort(),
        Object.values(planted)
          .map(({ name }) => name)
          .sort(),
      );
    };
    await withWorld(await makePlace(), async (it) => {
      await it.withStore(async (store) => {
        const row = { sealed: bytesOf(planted.sealed), wrappedKey: bytesOf(planted.wrappedKey) };
        await store.insert(newRow({ ...row, connector: planted.connector.value }));
        await store.flows.put(planted.flowKey.value, bytesOf(planted.flow), 60_000);
        await store.records.compareAndSet(planted.recordName.value, undefined, bytesOf(planted.record));
        await expectFound(it);
      });
      await expectFound(it);
    });
  });

  test("E8 nothing of what was erased is left once the store was closed", async () => {
    await withWorld(await makePlace(), async (it) => {
      const first = it.open({ audited: true });
      const people = ["ada", "grace", "bob"];
      const connected = [];
      for (const owner of people) connected.push(await connect(first, "one", { owner, accountId: "1001" }));
      for (const owner of people) await first.start("one", { owner });
      // The audit log is written right behind the acts: a closed keeper has written it.
      await it.close(first);
      const keeper = it.open({ audited: true });
      const gone: Record<string, Uint8Array> = {};
      const [, grace, bob] = connected;
      assert.ok(grace && bob);
      gone["the grant before a refresh"] = (await rawRow(it, grace)).sealed;
      it.advance(3601);
      await keeper.connection("one", { id: grace.id }).token();
      const { sealed, wrappedKey } = await rawRow(it, grace);
      gone["the grant"] = sealed;
      gone["the data key"] = wrappedKey;
      const before = { flows: await it.door.readFlows(), ownerKeys: await ownerKeysOf(it) };
      for (const bytes of Object.values(gone).slice(1)) assert.ok(holds(await it.door.dump(), bytes));
      assert.equal((await keeper.erase({ owner: "grace" })).state, "done");
      await it.close(keeper);
      const flowsLeft = new Set((await it.door.readFlows()).map(({ key }) => key));
      const keysLeft = new Set((await ownerKeysOf(it)).map(({ name }) => name));
      for (const { key, sealed } of before.flows) if (!flowsLeft.has(key)) gone["the sign-in"] = sealed;
      for (const { name, value } of before.ownerKeys) if (!keysLeft.has(name)) gone["the key in the audit log"] = value;
      assert.equal(Object.keys(gone).length, 5, Object.keys(gone).join(", "));
      const kept = await it.door.dump();
      const left = Object.entries(gone).filter(([, bytes]) => holds(kept, bytes));
      assert.deepEqual(
        left.map(([what]) => what),
        [],
      );
      assert.ok(holds(kept, (await rawRow(it, bob)).wrappedKey), "what was not erased is found");
    });
  });
}

function bytesOf({ value }: MarkedSecret): Uint8Array {
  return Buffer.from(value);
}

function foundIn(parts: readonly Uint8Array[], secrets: readonly MarkedSecret[]): readonly FoundSecret[] {
  // In one piece, with something between them, so that what is searched for is made ready once.
  return findSecrets(Buffer.concat(parts.flatMap((part) => [part, Buffer.alloc(4)])), secrets);
}

/** The last 48 bytes: what is sealed in a wrapped key, and of a grant its end. */
function holds(parts: readonly Uint8Array[], bytes: Uint8Array): boolean {
  return parts.some((part) => Buffer.from(part).includes(Buffer.from(bytes.subarray(-48))));
}

async function contentsOf(folder: string): Promise<readonly Uint8Array[]> {
  const names = await readdir(folder);
  return [
    ...names.map((name) => Buffer.from(name)),
    ...(await Promise.all(names.map((name) => readFile(join(folder, name))))),
  ];
}

/** The owners' keys in the audit log; where one was erased a mark is left. */
async function ownerKeysOf(it: SealedWorld): Promise<readonly StoredRecord[]> {
  const { records } = await it.withStore((store) => store.records.list({ prefix: "audit-owner/", limit: 100 }));
  return records.filter(({ value }) => value.byteLength > 0);
}
