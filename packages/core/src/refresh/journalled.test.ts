import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import type { Rotation } from "../connector/types.ts";
import { type AccessToken, GrantkeeperError, type Keeper, keyvStore, type Store } from "../index.ts";
import { type Clock, closeWorlds, codeOf, connect, createWorld, githubConnector, type World } from "../test/harness.ts";

afterEach(closeWorlds);

type GitHub = typeof githubConnector;

interface Host {
  readonly directory: string;
  readonly files: () => readonly string[];
  /** Makes the store refuse commits, of everybody or of one keeper. */
  readonly outage: { everywhere: boolean; author: boolean };
  readonly world: World<GitHub>;
  /** A process that dies by being forgotten: what it waits for never comes. */
  readonly author: Keeper<{ readonly main: GitHub }>;
  readonly another: (directory?: string) => Keeper<{ readonly main: GitHub }>;
}

const down = new GrantkeeperError("store_unavailable", "down");

async function createHost(rotation: Rotation = { kind: "strict" }): Promise<Host> {
  const directory = mkdtempSync(join(tmpdir(), "grantkeeper-journal-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const outage = { everywhere: false, author: false };
  const createStore = (clock: Clock): Store => {
    const store = keyvStore(undefined, { now: clock.now });
    return { ...store, commit: (request) => (outage.everywhere ? Promise.reject(down) : store.commit(request)) };
  };
  const world = await createWorld(githubConnector, { rotation }, {}, createStore);
  const { store } = world;
  const authors: Store = {
    ...store,
    commit: (request) => (outage.author ? Promise.reject(down) : store.commit(request)),
    close: async () => undefined,
  };
  const author = world.another({ store: authors, journal: { directory } });
  // Its loop must end with the test: a closed keeper that has nothing left to wait for gives up.
  onTestFinished(async () => {
    outage.author = false;
    await author.close();
  });
  const another = (where = directory) =>
    world.another({ store: { ...store, close: async () => undefined }, journal: { directory: where } });
  return { directory, files: () => readdirSync(directory), outage, world, author, another };
}

/** Lets the author get a new token that it cannot save, and returns once it is written down. */
async function loseStore(host: Host, id: string): Promise<{ readonly waiting: Promise<AccessToken> }> {
  host.outage.author = true;
  host.world.clock.advance(3601);
  const waiting = host.author.connection("main", { id }).token();
  waiting.catch(() => undefined);
  await expect.poll(host.files).toHaveLength(1);
  return { waiting };
}

test("F7 a refreshed token that waits for its store is written down, handed to nobody, and cleared once it is saved", async () => {
  const host = await createHost();
  const { connection } = await connect(host.world.keeper);
  let settled = false;
  const { waiting } = await loseStore(host, connection.id);
  void waiting.then(() => {
    settled = true;
  });
  expect(settled).toBe(false);
  host.outage.author = false;
  await expect.poll(() => settled).toBe(true);
  expect(host.files()).toEqual([]);
  expect(host.world.provider.log.reuseDetected).toBe(0);
});

test("F5 D6 what a process wrote down before it died is saved by another, without a token request", async () => {
  const host = await createHost();
  const { clock, provider } = host.world;
  const { connection } = await connect(host.world.keeper);
  await loseStore(host, connection.id);
  provider.log.clear();
  clock.advance(31);
  const token = await host.another().connection("main", { id: connection.id }).token();
  expect(provider.log.tokenRequests).toHaveLength(0);
  const answer = await fetch(`${provider.origin}/api.github.com/user`, {
    headers: { authorization: `Bearer ${token.accessToken}`, "user-agent": "test" },
  });
  expect(answer.status).toBe(200);
  expect(host.files()).toEqual([]);
  clock.advance(3601);
  expect((await host.another().connection("main", { id: connection.id }).token()).accessToken).toBeTypeOf("string");
  expect(provider.log.reuseDetected).toBe(0);
});

test("F5 a new process takes over what was written down although nobody asks for a token", async () => {
  const host = await createHost();
  const { clock, store } = host.world;
  const { connection } = await connect(host.world.keeper);
  const before = await store.get(connection.id);
  await loseStore(host, connection.id);
  clock.advance(31);
  for await (const _ of host.another().connections()) break;
  await expect.poll(host.files).toEqual([]);
  const after = await store.get(connection.id);
  expect(after?.version).toBe((before?.version ?? 0) + 1);
  expect(after?.intents).toEqual([]);
});

test("D6 an author that was only slow finds its work done, and does it no second time", async () => {
  const host = await createHost();
  const { clock, store } = host.world;
  const { connection } = await connect(host.world.keeper);
  const { waiting } = await loseStore(host, connection.id);
  clock.advance(31);
  const adopted = await host.another().connection("main", { id: connection.id }).token();
  const version = (await store.get(connection.id))?.version;
  host.outage.author = false;
  expect(await waiting).toMatchObject({ accessToken: adopted.accessToken });
  expect((await store.get(connection.id))?.version).toBe(version);
});

test("I6 what was written down is tried before a grant is given up", async () => {
  const host = await createHost({ kind: "untilUsed" });
  const { clock, provider, store } = host.world;
  const { connection } = await connect(host.world.keeper);
  await loseStore(host, connection.id);
  // Another attempt has replaced the intent, so that the entry is a candidate only; and the spent token is dead.
  clock.advance(31);
  const row = await store.get(connection.id);
  if (row === undefined) throw new Error("the row is gone");
  const [intent] = row.intents;
  if (intent === undefined) throw new Error("there is no intent");
  const { connectionId, grantId, version, fence } = row;
  const taken = await store.lease({
    ...{ connectionId, grantId, version, fence, holder: "later", durationMs: 1 },
    intent: { attemptId: "later", tokenSet: intent.tokenSet, refreshTokenHash: intent.refreshTokenHash },
  });
  expect(taken.kind).toBe("leased");
  clock.advance(61);
  const spent = provider.log.tokenRequests.at(-1)?.presented?.generation;
  const refusing = host.world.another({
    store: { ...store, close: async () => undefined },
    journal: { directory: host.directory },
    fetch: async (url, init) => {
      const presented = provider.log.tokenRequests.length;
      // The stored refresh token is refused as one that is known no more; its successor reaches the provider.
      if (presented === refusedAt) {
        refusedAt = -1;
        return Response.json({ error: "bad_refresh_token" });
      }
      return fetch(url, init);
    },
  });
  let refusedAt = provider.log.tokenRequests.length;
  expect((await refusing.connection("main", { id: connection.id }).token()).accessToken).toBeTypeOf("string");
  expect(provider.log.tokenRequests.at(-1)?.presented?.generation).toBe((spent ?? 0) + 1);
  expect((await store.get(connection.id))?.state).toBe("active");
  expect(host.files()).toEqual([]);
});

test("F13 what was written down for a connection that is gone is revoked and removed", async () => {
  const host = await createHost();
  const { clock, provider } = host.world;
  const { connection } = await connect(host.world.keeper);
  await loseStore(host, connection.id);
  const issued = provider.log.tokenRequests.at(-1)?.issued;
  clock.advance(31);
  await connection.disconnect();
  for await (const _ of host.another().connections()) break;
  await expect.poll(host.files).toEqual([]);
  expect(provider.log.revocations.some(({ lineage }) => lineage?.generation === issued?.generation)).toBe(true);
});

test("an entry that a newer consent has outlived is removed, and changes nothing", async () => {
  const host = await createHost();
  const { clock, store } = host.world;
  const { connection } = await connect(host.world.keeper);
  await loseStore(host, connection.id);
  clock.advance(31);
  await connect(host.world.keeper, { connectionId: connection.id });
  const before = await store.get(connection.id);
  for await (const _ of host.another().connections()) break;
  await expect.poll(host.files).toEqual([]);
  expect(await store.get(connection.id)).toMatchObject({ version: before?.version, grantId: before?.grantId });
});

test("E9 a connection whose entry does not open is not given up", async () => {
  const host = await createHost();
  const { clock, provider, store } = host.world;
  const { connection } = await connect(host.world.keeper);
  await loseStore(host, connection.id);
  const [name = ""] = host.files();
  writeFileSync(join(host.directory, name), "damaged");
  clock.advance(91);
  expect(await codeOf(host.another().connection("main", { id: connection.id }).token())).toBe("decryption_failed");
  expect((await store.get(connection.id))?.state).toBe("active");
  expect(provider.log.reuseDetected).toBe(0);
  expect(host.files()).toEqual([name]);
});

test("F7 a journal that cannot be written costs nobody the commit", async () => {
  const host = await createHost();
  const { clock } = host.world;
  const { connection } = await connect(host.world.keeper);
  const blocked = join(host.directory, "file");
  writeFileSync(blocked, "");
  clock.advance(3601);
  host.outage.everywhere = true;
  const waiting = host.another(blocked).connection("main", { id: connection.id }).token();
  await new Promise((resolve) => setTimeout(resolve, 100));
  host.outage.everywhere = false;
  expect((await waiting).accessToken).toBeTypeOf("string");
});
