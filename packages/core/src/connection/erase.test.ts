import { Keyv } from "keyv";
import { afterEach, expect, test } from "vitest";
import { keyvStore, type Store } from "../index.ts";
import {
  begin,
  type Clock,
  closeWorlds,
  codeOf,
  connect,
  createWorld,
  githubConnector,
  googleConnector,
  key,
} from "../test/harness.ts";

afterEach(closeWorlds);

/** Long enough that no random id and no ciphertext holds it by chance. */
const ada = "ada@example.com";

/** A store whose whole content can be looked at. */
function openStore() {
  const entries = new Map<string, unknown>();
  const createStore = (clock: Clock): Store => keyvStore(new Keyv({ store: entries }), { now: clock.now });
  return { createStore, content: () => JSON.stringify([...entries]) };
}

test("E8 an owner's erasure revokes, leaves nothing, and says what it did without the owner's name", async () => {
  const { keeper, provider, store } = await createWorld(githubConnector);
  const { connection: adas } = await connect(keeper, { owner: ada });
  const { connection: grace } = await connect(keeper, { owner: "grace" });
  const { accessToken } = await adas.token();
  await keeper.start("main", { owner: ada } as never);
  await keeper.start("main", { owner: "grace" } as never);
  const receipt = await keeper.erase({ owner: ada });
  expect(receipt).toMatchObject({
    ...{ state: "done", flows: 1, journalEntries: 0 },
    connections: [{ connectionId: adas.id, connector: "main", revocation: "revoked" }],
  });
  expect(JSON.stringify(receipt)).not.toContain(ada);
  expect(await store.get(adas.id)).toBeUndefined();
  expect(await codeOf(adas.token())).toBe("not_connected");
  expect((await grace.status()).state).toBe("active");
  expect((await store.flows.list({ limit: 10 })).flows).toHaveLength(1);
  expect(accessToken).toBeTypeOf("string");
  expect(provider.log.tokenRequests.length).toBeGreaterThan(0);
  expect(await keeper.erase({ owner: ada })).toMatchObject({ state: "done", connections: [], flows: 0 });
});

test("E8 a consent that had begun cannot be finished behind an erasure", async () => {
  const { keeper } = await createWorld(githubConnector);
  const callback = await begin(keeper, { owner: ada });
  await keeper.erase({ owner: ada });
  expect(await codeOf(keeper.finish(callback, { owner: ada }))).toBe("state_mismatch");
});

test("E8 a provider that cannot be told is told later, by a job that knows neither owner nor account", async () => {
  let away = false;
  const { createStore, content } = openStore();
  const { keeper, another, store, clock } = await createWorld(githubConnector, {}, {}, createStore);
  const { connection } = await connect(keeper, { owner: ada });
  const cutOff = another({
    store: { ...store, close: async () => undefined },
    fetch: (url, init) => (away ? Promise.reject(new Error("away")) : fetch(url, init)),
  });
  away = true;
  const receipt = await cutOff.erase({ owner: ada });
  expect(receipt).toMatchObject({ state: "pending", connections: [{ revocation: "pending" }] });
  expect(await store.get(connection.id)).toBeUndefined();
  expect(await cutOff.keyUsage()).toMatchObject([{ keyId: key.id, rows: 0, jobs: 1 }]);
  for (const named of [ada, "emulated"]) expect(content()).not.toContain(named);
  expect(await cutOff.retryRevocations()).toEqual({ seen: 1, changed: 0, failed: 1 });
  away = false;
  expect(await cutOff.retryRevocations()).toEqual({ seen: 1, changed: 1, failed: 0 });
  expect(await cutOff.retryRevocations()).toEqual({ seen: 0, changed: 0, failed: 0 });
  away = true;
  await connect(keeper, { owner: ada });
  await cutOff.erase({ owner: ada });
  clock.advance(72 * 3600 + 1);
  expect(await cutOff.retryRevocations()).toEqual({ seen: 0, changed: 0, failed: 0 });
  await cutOff.close();
});

test("E8 a revocation that waits does not end what the account has granted again since", async () => {
  let away = false;
  const { keeper, another, store, clock, provider } = await createWorld(googleConnector);
  await connect(keeper, { owner: ada });
  const cutOff = another({
    store: { ...store, close: async () => undefined },
    fetch: (url, init) => (away ? Promise.reject(new Error("away")) : fetch(url, init)),
  });
  away = true;
  expect((await cutOff.erase({ owner: ada })).state).toBe("pending");
  const { connection } = await connect(keeper, { owner: ada });
  away = false;
  provider.log.clear();
  expect(await cutOff.retryRevocations()).toEqual({ seen: 1, changed: 1, failed: 0 });
  clock.advance(3601);
  expect((await connection.token()).accessToken).toBeTypeOf("string");
  await cutOff.close();
});

test("E8 whom a backup brings back is erased again by the receipt's subject", async () => {
  const { keeper, store } = await createWorld(githubConnector);
  const { connection } = await connect(keeper, { owner: ada });
  const row = await store.get(connection.id);
  const { subject } = await keeper.erase({ owner: ada });
  if (row === undefined) throw new Error("no row");
  await store.insert(row);
  expect(await keeper.afterRestore({ erased: [subject] })).toEqual({ seen: 0, changed: 0, failed: 0 });
  expect(await store.get(connection.id)).toBeUndefined();
  expect(await codeOf(keeper.afterRestore({ erased: ["ada"] }))).toBe("invalid_request");
});

test("R54 what is exported of an owner has what is known, as JSON, and no token", async () => {
  const { keeper } = await createWorld(githubConnector);
  const { connection } = await connect(keeper, { owner: ada });
  await connect(keeper, { owner: "grace" });
  await connection.setMetadata({ plan: "pro" });
  const { accessToken } = await connection.token();
  const exported = await keeper.export({ owner: ada });
  const text = JSON.stringify(exported);
  expect(JSON.parse(text)).toMatchObject({
    owner: ada,
    connections: [{ connectionId: connection.id, state: "active", metadata: { plan: "pro" } }],
  });
  expect(text).not.toContain(accessToken);
  expect(text).not.toContain("emulated-refresh");
  expect(exported.connections).toHaveLength(1);
});
