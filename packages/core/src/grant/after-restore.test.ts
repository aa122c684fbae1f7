import { afterEach, expect, test } from "vitest";
import { keyvStore, type Store } from "../index.ts";
import type { GrantRow } from "../store/port.ts";
import {
  type Clock,
  closeWorlds,
  codeOf,
  connect,
  createWorld,
  githubConnector,
  googleConnector,
  key,
  slackConnector,
} from "../test/harness.ts";

afterEach(closeWorlds);

/** Settings and rows of one store, put into another: a backup that was restored. */
async function restored(backup: readonly GrantRow[], from: Store, clock: Clock): Promise<Store> {
  const store = keyvStore(undefined, { now: clock.now });
  await store.migrate();
  for (const name of ["keys", "index-key"]) {
    const value = await from.records.get(name);
    if (value !== undefined) await store.records.compareAndSet(name, undefined, value);
  }
  for (const row of backup) await store.insert(row);
  return store;
}

const strict = { kind: "strict" } as const;

test("F14 a refresh token that was spent after the backup is tried once, and its end is a lost answer", async () => {
  const { keeper, another, store, clock, provider } = await createWorld(githubConnector, { rotation: strict });
  const { connection } = await connect(keeper);
  const backup = (await store.list({ limit: 10 })).rows;
  clock.advance(3601);
  await connection.token();
  await keeper.close();
  const restarted = another({ store: await restored(backup, store, clock), keys: [key] });
  expect(await restarted.afterRestore()).toEqual({ seen: 1, changed: 1, failed: 0 });
  const own = restarted.connection("main", { id: connection.id });
  provider.log.clear();
  clock.advance(61);
  expect(await codeOf(own.token())).toBe("reauthorization_required");
  expect((await own.status()).tokenSets["default"]?.ended).toBe("rotation_response_lost");
  expect(provider.log.tokenRequests).toHaveLength(1);
  await restarted.close();
});

test("F14 one that was not spent since works, after the wait that an open intent asks for", async () => {
  const { keeper, another, store, clock, provider } = await createWorld(githubConnector, { rotation: strict });
  const { connection } = await connect(keeper);
  const backup = (await store.list({ limit: 10 })).rows;
  await keeper.close();
  clock.advance(3601);
  const restarted = another({ store: await restored(backup, store, clock), keys: [key] });
  await restarted.afterRestore();
  const own = restarted.connection("main", { id: connection.id });
  provider.log.clear();
  const early = codeOf(own.token());
  expect(await early).toBe("provider_unavailable");
  expect(provider.log.tokenRequests).toHaveLength(0);
  clock.advance(61);
  expect((await own.token()).accessToken).toBeTypeOf("string");
  expect(provider.log.reuseDetected).toBe(0);
  await restarted.close();
});

test("F14 each token set is marked, and marking again changes nothing but the time", async () => {
  const { keeper, store } = await createWorld(slackConnector);
  const { connection } = await connect(keeper);
  await keeper.afterRestore();
  expect(await keeper.afterRestore()).toEqual({ seen: 1, changed: 1, failed: 0 });
  const row = await store.get(connection.id);
  expect(row?.intents.map(({ tokenSet }) => tokenSet).sort()).toEqual(["default", "user"]);
  expect(row?.lease).toBeUndefined();
});

test("F14 what does not rotate, and what has ended, is left alone", async () => {
  const { keeper, store } = await createWorld(googleConnector);
  const { connection } = await connect(keeper);
  expect(await keeper.afterRestore()).toEqual({ seen: 1, changed: 0, failed: 0 });
  expect((await store.get(connection.id))?.intents).toEqual([]);
});
