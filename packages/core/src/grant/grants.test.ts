import { Keyv } from "keyv";
import { afterEach, describe, expect, test } from "vitest";
import { keyvStore } from "../index.ts";
import { closeWorlds, codeOf, connect, createWorld, githubConnector } from "../test/harness.ts";

afterEach(closeWorlds);

interface Entry {
  readonly value: string;
}

/** Ada and bob, connected, and a way to exchange a column of their rows behind the store. */
async function twoOwners() {
  const entries = new Map<string, Entry>();
  const world = await createWorld(githubConnector, {}, {}, (clock) =>
    keyvStore(new Keyv({ store: entries }), { now: clock.now }),
  );
  const { connection: ada } = await connect(world.keeper, { owner: "ada" });
  const { connection: bob } = await connect(world.keeper, { owner: "bob" });
  const [ofAda = "", ofBob = ""] = [ada, bob].map(({ id }) => `grant:${id}`);

  function change(column: string, swap: (ada: unknown, bob: unknown) => readonly [unknown, unknown]): void {
    const rowOf = (name: string) => {
      const { value } = JSON.parse(entries.get(name)?.value ?? "") as { readonly value: string };
      return JSON.parse(value) as Record<string, unknown>;
    };
    const save = (name: string, row: Record<string, unknown>) =>
      entries.set(name, { value: JSON.stringify({ value: JSON.stringify(row) }) });
    const [one, two] = [rowOf(ofAda), rowOf(ofBob)];
    [one[column], two[column]] = swap(one[column], two[column]);
    save(ofAda, one);
    save(ofBob, two);
  }
  const exchange = (column: string) => change(column, (one, two) => [two, one]);
  /** A store that has read the rows as they are now. */
  const fresh = () => keyvStore(new Keyv({ store: entries }), { now: world.clock.now });
  return { ...world, ada, bob, change, exchange, fresh };
}

describe("a row that was given to another owner by the column that finds it", () => {
  test("E2 opens for neither, and no refresh token of it is sent", async () => {
    const { provider, exchange, fresh, another, clock } = await twoOwners();
    exchange("ownerHash");
    clock.advance(9 * 3600);
    provider.log.clear();
    const keeper = another({ store: fresh() });
    for (const owner of ["ada", "bob"]) {
      const connection = keeper.connection("main", { owner });
      for (const use of [connection.token(), connection.status(), connection.fetch("user"), connection.disconnect()]) {
        expect(await codeOf(use)).toBe("decryption_failed");
      }
    }
    expect(provider.log.tokenRequests).toEqual([]);
    expect(provider.log.apiRequests).toEqual([]);
    expect(provider.log.revocations).toEqual([]);
    exchange("ownerHash");
    expect(await codeOf(another({ store: fresh() }).connection("main", { owner: "ada" }).token())).toBe("none");
  });

  test("E2 is not served out of memory, where it is from before that", async () => {
    const { ada, bob, store, another, exchange, fresh } = await twoOwners();
    // Found as the columns are now, by a keeper that has read the rows before.
    let list = store.list;
    const keeper = another({ store: { ...store, list: (query) => list(query), close: async () => undefined } });
    for (const { id } of [ada, bob]) await keeper.connection("main", { id }).token();
    exchange("ownerHash");
    list = fresh().list;
    for (const owner of ["ada", "bob"]) {
      expect(await codeOf(keeper.connection("main", { owner }).token())).toBe("decryption_failed");
    }
    await keeper.close();
  });
});

test("E2 a row that was given to another connector by its column opens for neither", async () => {
  const { change, keeper, ada, clock } = await twoOwners();
  await ada.token();
  change("connector", (_, bob) => ["other", bob]);
  clock.advance(11);
  expect(await codeOf(ada.token())).toBe("decryption_failed");
  expect(await codeOf(keeper.connection("main", { id: ada.id }).status())).toBe("decryption_failed");
});

test("E9 a row that was given away is told of, and stays", async () => {
  const { keeper, store, exchange, ada, clock } = await twoOwners();
  const told: string[] = [];
  keeper.on("connection.decryption_failed", ({ connectionId }) => told.push(connectionId));
  exchange("ownerHash");
  clock.advance(11);
  const before = await store.get(ada.id);
  expect(await codeOf(ada.token())).toBe("decryption_failed");
  expect(told).toEqual([ada.id]);
  expect({ ...(await store.get(ada.id)), readAt: 0 }).toEqual({ ...before, readAt: 0 });
});

test("F1 a refresh is saved in a row whose identity was changed to that of another", async () => {
  const { provider, exchange, fresh, another, clock, ada, bob } = await twoOwners();
  exchange("identityHash");
  clock.advance(9 * 3600);
  const keeper = another({ store: fresh() });
  for (const { id } of [ada, bob]) {
    const { accessToken } = await keeper.connection("main", { id }).token();
    clock.advance(9 * 3600);
    expect((await keeper.connection("main", { id }).token()).accessToken).not.toBe(accessToken);
  }
  expect(provider.log.reuseDetected).toBe(0);
});
