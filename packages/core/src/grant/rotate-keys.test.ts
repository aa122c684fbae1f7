import { afterEach, describe, expect, test } from "vitest";
import { generateKey, type KeyConfig, type Store } from "../index.ts";
import { closeWorlds, codeOf, connect, createWorld, githubConnector, key } from "../test/harness.ts";

afterEach(closeWorlds);

const next: KeyConfig = { id: "next", secret: generateKey() };

describe("rotateKeys", () => {
  test("E7 after a pass the old key can go, and no grant was touched", async () => {
    const { keeper, another, store, clock } = await createWorld(githubConnector);
    const ids: string[] = [];
    for (let count = 0; count < 7; count++) {
      ids.push((await connect(keeper, { owner: `owner-${count}` })).connection.id);
    }
    const before = await Promise.all(ids.map((id) => store.get(id)));
    expect(await another({ keys: [next, key] }).rotateKeys()).toEqual({ seen: 7, changed: 7, failed: 0 });
    const after = await Promise.all(ids.map((id) => store.get(id)));
    for (const [index, row] of after.entries()) {
      expect({ ...row, wrappedKey: 0, readAt: 0 }).toEqual({ ...before[index], wrappedKey: 0, readAt: 0 });
      expect(row?.wrappedKey).not.toEqual(before[index]?.wrappedKey);
    }
    const alone = another({ keys: [next] });
    clock.advance(3601);
    for (const id of ids) expect((await alone.connection("main", { id }).token()).accessToken).toBeTypeOf("string");
    expect(await codeOf(another().connection("main", { owner: "owner-0" }).status())).toBe("decryption_failed");
  });

  test("E7 a second pass finds nothing to do, and passes at once agree", async () => {
    const { keeper, another } = await createWorld(githubConnector);
    for (let count = 0; count < 20; count++) await connect(keeper, { owner: `owner-${count}` });
    const passes = await Promise.all([1, 2, 3].map(() => another({ keys: [next, key] }).rotateKeys()));
    expect(passes.reduce((total, { changed }) => total + changed, 0)).toBe(20);
    expect(passes.every(({ seen, failed }) => seen === 20 && failed === 0)).toBe(true);
    expect(await another({ keys: [next, key] }).rotateKeys()).toEqual({ seen: 20, changed: 0, failed: 0 });
  });

  test("E7 whoever has not heard of a renewed key does not take rows back under the one before", async () => {
    const { keeper, another } = await createWorld(githubConnector);
    await connect(keeper);
    const unaware = another();
    expect(await unaware.rotateKeys()).toEqual({ seen: 1, changed: 0, failed: 0 });
    await keeper.rotateKeys({ renew: true });
    expect(await unaware.rotateKeys()).toEqual({ seen: 1, changed: 0, failed: 0 });
    expect((await keeper.keyUsage()).map(({ version }) => version)).toEqual([2]);
  });

  test("E7 a pass that was broken off is ended under its renewed key by a process that ran before", async () => {
    const { keeper, another } = await createWorld(githubConnector);
    const stop = new AbortController();
    for (let count = 0; count < 110; count++) await connect(keeper, { owner: `owner-${count}` });
    const unaware = another();
    await unaware.rotateKeys();
    const broken = keeper.rotateKeys({ renew: true, signal: stop.signal, onProgress: () => stop.abort() });
    expect(await codeOf(broken)).toBe("aborted");
    expect((await keeper.keyUsage()).map(({ version, rows }) => [version, rows])).toEqual([
      [1, 10],
      [2, 100],
    ]);
    expect(await unaware.rotateKeys()).toEqual({ seen: 110, changed: 10, failed: 0 });
    expect((await keeper.keyUsage()).map(({ version, rows }) => [version, rows])).toEqual([[2, 110]]);
  });

  test("E7 a pass that is overtaken again and again leaves alone what is under a newer key than its own", async () => {
    const { keeper, another, store } = await createWorld(githubConnector);
    await connect(keeper);
    const rewrap: Store["rewrap"] = async (request) => {
      await keeper.rotateKeys({ renew: true });
      return store.rewrap(request);
    };
    const overtaken = another({ store: { ...store, rewrap } });
    expect(await overtaken.rotateKeys({ renew: true })).toEqual({ seen: 1, changed: 0, failed: 0 });
    expect((await keeper.keyUsage()).map(({ version }) => version)).toEqual([3]);
  });

  test("E7 a pass wraps under a key of which nothing but the store has told it", async () => {
    const { keeper, another, store } = await createWorld(githubConnector);
    await connect(keeper);
    // It dies when it has made the key and nothing is sealed under it.
    const records = { ...store.records, compareAndSet: dyingAt("index-key", store.records.compareAndSet) };
    expect(await codeOf(another({ store: { ...store, records } }).rotateKeys({ renew: true }))).toBe(
      "store_unavailable",
    );
    expect((await keeper.keyUsage()).map(({ version }) => version)).toEqual([1]);
    expect(await keeper.rotateKeys()).toEqual({ seen: 1, changed: 1, failed: 0 });
    expect((await keeper.keyUsage()).map(({ version, rows, records }) => [version, rows, records])).toEqual([
      [2, 1, 1],
    ]);
  });

  test("I3 a pass in the middle of a refresh disturbs neither", async () => {
    let arrive = (): void => undefined;
    const held = new Promise<undefined>((resolve) => {
      arrive = () => resolve(undefined);
    });
    const after = ({ grantType }: { readonly grantType: string | undefined }) =>
      grantType === "refresh_token" ? held : undefined;
    const { keeper, another, clock, store, provider } = await createWorld(githubConnector, { faults: { after } });
    const { connection } = await connect(keeper);
    clock.advance(3601);
    const refreshing = connection.token();
    await expect.poll(() => provider.log.tokenRequests.at(1)?.outcome).toBe("issued");
    expect(await another({ keys: [next, key] }).rotateKeys()).toEqual({ seen: 1, changed: 1, failed: 0 });
    const rewrapped = (await store.get(connection.id))?.wrappedKey;
    arrive();
    await refreshing;
    expect(await store.get(connection.id)).toMatchObject({ version: 2, wrappedKey: rewrapped });
    const alone = another({ keys: [next] });
    expect((await alone.connection("main", { id: connection.id }).status()).state).toBe("active");
  });

  test("E9 a row whose key is not there is counted and kept, and stops no other", async () => {
    const { keeper, another, store } = await createWorld(githubConnector);
    const { connection } = await connect(keeper, { owner: "ada" });
    await connect(another({ keys: [next, key] }), { owner: "grace" });
    const before = await store.get(connection.id);
    const last: KeyConfig = { id: "last", secret: generateKey() };
    expect(await another({ keys: [last, next] }).rotateKeys()).toEqual({ seen: 2, changed: 1, failed: 1 });
    expect((await store.get(connection.id))?.wrappedKey).toEqual(before?.wrappedKey);
    expect(await another({ keys: [last, next, key] }).rotateKeys()).toEqual({ seen: 2, changed: 1, failed: 0 });
  });
});

describe("keyUsage", () => {
  test("E7 counts rows, flows, journal and records by key, and tells when the old one may go", async () => {
    const { keeper, another, store } = await createWorld(githubConnector);
    for (let count = 0; count < 3; count++) await connect(keeper, { owner: `owner-${count}` });
    await keeper.start("main", { owner: "on-the-way" } as never);
    const old = { keyId: key.id, version: 1 };
    expect(await keeper.keyUsage()).toEqual([{ ...old, rows: 3, flows: 1, jobs: 0, journal: 0, records: 1 }]);
    const promoted = another({ keys: [next, key] });
    await promoted.rotateKeys();
    await connect(promoted, { owner: "late" });
    expect(await promoted.keyUsage()).toEqual([
      { keyId: "next", version: 1, rows: 4, flows: 0, jobs: 0, journal: 0, records: 1 },
      { ...old, rows: 0, flows: 1, jobs: 0, journal: 0, records: 0 },
    ]);
    const [flow] = (await store.flows.list({ limit: 10 })).flows;
    await store.flows.take(flow?.key ?? "");
    expect((await promoted.keyUsage()).map(({ keyId }) => keyId)).toEqual(["next"]);
  });

  test("E7 a renewed key takes over from one of the same configured key", async () => {
    const { keeper } = await createWorld(githubConnector);
    const { connection } = await connect(keeper);
    expect(await keeper.rotateKeys({ renew: true })).toEqual({ seen: 1, changed: 1, failed: 0 });
    expect(await keeper.keyUsage()).toEqual([
      { keyId: key.id, version: 2, rows: 1, flows: 0, jobs: 0, journal: 0, records: 1 },
    ]);
    expect((await connection.status()).state).toBe("active");
  });
});

type CompareAndSet = Store["records"]["compareAndSet"];

function dyingAt(fatal: string, compareAndSet: CompareAndSet): CompareAndSet {
  return async (name, expected, value) => {
    if (name === fatal) throw new Error("It is dead.");
    return compareAndSet(name, expected, value);
  };
}
