import Keyv from "keyv";
import { afterEach, expect, test } from "vitest";
import { keyvStore } from "../index.ts";
import type { GrantRow } from "../store/port.ts";
import {
  closeWorlds,
  codeOf,
  connect,
  createWorld,
  githubConnector,
  googleConnector,
  type World,
} from "../test/harness.ts";

afterEach(closeWorlds);

/** Puts a row back to what it was, as a restored backup does. */
async function restore({ store }: World<typeof githubConnector>, row: GrantRow): Promise<void> {
  const current = await store.get(row.connectionId);
  if (current === undefined) throw new Error("the row is gone");
  const { connectionId, grantId, version, fence } = current;
  const held = await store.lease({
    ...{ connectionId, grantId, version, fence, holder: "restore", durationMs: 1_000, intent: undefined },
  });
  if (held.kind !== "leased") throw new Error(held.kind);
  const expected = { connectionId, grantId, version, fence: held.lease.fence };
  await store.commit({ expected, payload: row, clearIntents: [] });
}

test("F14 a version that comes a second time after a restored backup is read anew", async () => {
  const world = await createWorld(githubConnector);
  const { keeper, another, clock, provider, store } = world;
  const { connection } = await connect(keeper);
  const backup = await store.get(connection.id);
  if (backup === undefined) throw new Error("the row is gone");
  const watcher = another();
  provider.revokeGrant((await connection.token()).accessToken);
  clock.advance(3601);
  const watched = watcher.connection("main", { id: connection.id });
  expect(await codeOf(watched.token())).toBe("reauthorization_required");
  clock.advance(11);
  expect(await codeOf(watched.token())).toBe("reauthorization_required");

  await restore(world, backup);
  await another().connection("main", { id: connection.id }).setMetadata({ restored: true });
  expect((await store.get(connection.id))?.version).toBe(2);
  clock.advance(11);
  // What it says now it has from the provider again, and not from its memory.
  provider.log.clear();
  expect(await codeOf(watched.token())).toBe("reauthorization_required");
  expect(provider.log.tokenRequests).toHaveLength(1);
});

test("F14 a refresh of what is in memory notices that the row is another one with its version and fence", async () => {
  const rows = new Map<string, unknown>();
  const { keeper, another, clock, provider } = await createWorld(
    googleConnector,
    { accessTokenLifetime: 8 },
    {},
    ({ now }) => keyvStore(new Keyv({ store: rows }), { now }),
  );
  const { connection } = await connect(keeper);
  const backup = new Map(rows);
  clock.advance(9);
  const { accessToken } = await connection.token();
  rows.clear();
  for (const [name, value] of backup) rows.set(name, value);
  await another().connection("main", { id: connection.id }).setMetadata({ restored: true });

  clock.advance(9);
  provider.log.clear();
  expect((await connection.token()).accessToken).not.toBe(accessToken);
  expect(provider.log.tokenRequests).toHaveLength(1);
  expect((await connection.status()).metadata).toEqual({ restored: true });
});

test("E9 nothing is sent for a row in memory whose data key was changed since: the answer could not be sealed", async () => {
  const { keeper, clock, provider, store } = await createWorld(googleConnector, { accessTokenLifetime: 8 });
  const { connection } = await connect(keeper);
  await connection.token();
  const row = await store.get(connection.id);
  if (row === undefined) throw new Error("the row is gone");
  const { connectionId, grantId, wrappedKey } = row;
  const changed = wrappedKey.map((byte) => byte ^ 1);
  await store.rewrap({ connectionId, grantId, expected: wrappedKey, wrappedKey: changed });
  clock.advance(9);
  provider.log.clear();
  expect(await codeOf(connection.token())).toBe("decryption_failed");
  expect(provider.log.tokenRequests).toHaveLength(0);
  await store.rewrap({ connectionId, grantId, expected: changed, wrappedKey });
  expect((await connection.token()).accessToken).toBeTypeOf("string");
});
