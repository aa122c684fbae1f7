import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { auditLog, generateKey, type KeeperOptions, keyvStore, type Store } from "../index.ts";
import {
  type Clock,
  closeWorlds,
  codeOf,
  connect,
  createWorld,
  githubConnector,
  key,
  type World,
} from "../test/harness.ts";
import type { AuditLog, AuditLogOptions } from "./audit-log.ts";
import type { AuditHead } from "./verify.ts";

afterEach(closeWorlds);

type GithubWorld = World<typeof githubConnector> & { readonly audit: AuditLog };
type Options = Partial<KeeperOptions<{ readonly main: typeof githubConnector }>>;

async function auditedWorld(
  options: AuditLogOptions = {},
  keeperOptions: Options = {},
  createStore = ({ now }: Clock): Store => keyvStore(undefined, { now }),
): Promise<GithubWorld> {
  let audit: AuditLog | undefined;
  const world = await createWorld(githubConnector, {}, keeperOptions, (clock) => {
    const store = createStore(clock);
    audit = auditLog(store, options);
    // The options are read when a keeper is made, which is after the store is.
    Object.assign(keeperOptions, { audit });
    return store;
  });
  if (audit === undefined) throw new Error("no store was made");
  return { ...world, audit };
}

/** The acts of a connection, once there are so many. */
async function actsOf(audit: AuditLog, connectionId: string, count: number): Promise<readonly string[]> {
  await expect.poll(async () => (await audit.list({ connectionId })).entries.length).toBe(count);
  return (await audit.list({ connectionId })).entries.map(({ act }) => act);
}

describe("what is written", () => {
  test("R56 every act is an entry, in its order", async () => {
    const { keeper, audit, clock, provider } = await auditedWorld();
    const { connection } = await connect(keeper);
    clock.advance(3601);
    const { accessToken } = await connection.token();
    await connect(keeper, { connectionId: connection.id });
    provider.revokeGrant((await connection.token()).accessToken);
    clock.advance(3601);
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
    await connect(keeper, { connectionId: connection.id });
    await connection.disconnect();
    const acts = ["connected", "refreshed", "reconnected", "needs_reauthorization", "reconnected"];
    expect(await actsOf(audit, connection.id, 7)).toEqual([...acts, "revoked", "disconnected"]);
    const { entries } = await audit.list({ connectionId: connection.id });
    expect(entries[1]).toEqual({
      ...{ connectionId: connection.id, sequence: 2, at: expect.any(Date), connector: "main" },
      ...{ act: "refreshed", outcome: "succeeded", tokenSet: "default", owner: "ada", actor: undefined },
    });
    expect(entries[3]).toMatchObject({ outcome: "failed", reason: "revoked" });
    expect(JSON.stringify(entries)).not.toContain(accessToken);
  });

  test("R56 a refresh that fails, and a row that does not open, are entries", async () => {
    const { keeper, another, audit, clock, provider, store } = await auditedWorld();
    const { connection } = await connect(keeper);
    clock.advance(3601);
    await provider.close();
    await codeOf(connection.token());
    const row = await store.get(connection.id);
    if (row === undefined) throw new Error("the row is gone");
    const { connectionId, grantId, wrappedKey } = row;
    await store.rewrap({ connectionId, grantId, expected: wrappedKey, wrappedKey: wrappedKey.map((byte) => byte ^ 1) });
    const other = another().connection("main", { id: connection.id });
    for (let count = 0; count < 3; count++) expect(await codeOf(other.token())).toBe("decryption_failed");
    expect(await actsOf(audit, connection.id, 3)).toEqual(["connected", "refresh_failed", "decryption_failed"]);
    const { entries } = await audit.list({ connectionId });
    expect(entries[1]).toMatchObject({ outcome: "failed", reason: "provider_unavailable" });
  });

  test("who reads a token is written down where that is asked for", async () => {
    const quiet = await auditedWorld();
    const { connection } = await connect(quiet.keeper);
    await connection.token();
    expect(await actsOf(quiet.audit, connection.id, 1)).toEqual(["connected"]);
    const told = await auditedWorld({ tokenReads: true });
    const { connection: read } = await connect(told.keeper);
    await told.keeper.by("worker 1", () => read.token());
    await told.keeper
      .as({ actor: "worker 2", may: ["token"] })
      .connection("main", { id: read.id })
      .token();
    expect(await actsOf(told.audit, read.id, 3)).toEqual(["connected", "token_read", "token_read"]);
    const { entries } = await told.audit.list({ connectionId: read.id });
    expect(entries.map(({ actor }) => actor)).toEqual([undefined, "worker 1", "worker 2"]);
  });

  test("telling of a token costs no read of its own, which could fail and take the token back", async () => {
    const reads: string[] = [];
    const { keeper } = await auditedWorld({ tokenReads: true }, { cacheFor: 0 }, ({ now }) => {
      const kept = keyvStore(undefined, { now });
      const get: Store["get"] = (id) => {
        reads.push(id);
        return reads.length > 1 ? Promise.reject(new Error("down")) : kept.get(id);
      };
      return { ...kept, get };
    });
    const { connection } = await connect(keeper);
    reads.length = 0;
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    expect(reads).toHaveLength(1);
  });

  test("an actor is 1 to 255 printable characters", async () => {
    const { keeper } = await auditedWorld();
    for (const actor of ["", "a\nb", "\u001b[31m", "é", "a".repeat(256)]) {
      expect(() => keeper.by(actor, () => 1)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    }
    expect(keeper.by("support: ada@example.com", () => 1)).toBe(1);
  });

  test("of many processes at once, each entry has its place", async () => {
    const { keeper, another, audit } = await auditedWorld({ tokenReads: true });
    const { connection } = await connect(keeper);
    const others = Array.from({ length: 4 }, () => another().connection("main", { id: connection.id }));
    await Promise.all(others.flatMap((other) => Array.from({ length: 10 }, () => other.token())));
    await actsOf(audit, connection.id, 41);
    const { entries } = await audit.list({ connectionId: connection.id });
    expect(entries.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 41 }, (_, index) => index + 1));
    expect(await audit.verify()).toEqual({ chains: 1, entries: 41, faults: [] });
  });

  test("F7 what a store that is down does not take is written when it is back, and closing waits for it", async () => {
    let down = false;
    const { keeper, audit, store } = await auditedWorld({ tokenReads: true }, {}, ({ now }) => {
      const kept = keyvStore(undefined, { now });
      const list: Store["records"]["list"] = (query) =>
        down ? Promise.reject(new Error("down")) : kept.records.list(query);
      return { ...kept, records: { ...kept.records, list } };
    });
    const { connection } = await connect(keeper);
    await actsOf(audit, connection.id, 1);
    down = true;
    await connection.token();
    const closing = keeper.close();
    await delay(60);
    down = false;
    await closing;
    expect((await store.records.list({ prefix: `audit/${connection.id}/`, limit: 10 })).records).toHaveLength(2);
  });

  test("a log that belongs to no keeper says so", async () => {
    const audit = auditLog(keyvStore());
    expect(await codeOf(audit.list({ owner: "ada" }))).toBe("invalid_config");
    expect(await codeOf(audit.verify())).toBe("invalid_config");
    expect(await codeOf(audit.heads()[Symbol.asyncIterator]().next())).toBe("invalid_config");
  });
});

describe("listing", () => {
  test("an owner's acts come in the order of time, in pages, from one time to another", async () => {
    const { keeper, audit, clock, provider } = await auditedWorld();
    const [one = "", two = ""] = provider.accounts.map(({ id }) => id);
    const { connection: first } = await connect(keeper, { owner: "ada", accountId: one });
    await connect(keeper, { owner: "grace", accountId: two });
    clock.advance(3601);
    const between = new Date(clock.now());
    await first.token();
    clock.advance(10);
    const { connection: second } = await connect(keeper, { owner: "ada", accountId: two });
    const after = new Date(clock.now() + 1_000);
    await actsOf(audit, first.id, 2);
    await actsOf(audit, second.id, 1);
    const listed = async (query: object): Promise<readonly string[]> =>
      (await audit.list({ owner: "ada", ...query })).entries.map(({ connectionId, act }) => `${act} ${connectionId}`);
    const all = [`connected ${first.id}`, `refreshed ${first.id}`, `connected ${second.id}`];
    expect(await listed({})).toEqual(all);
    expect(await listed({ from: between })).toEqual(all.slice(1));
    expect(await listed({ to: between })).toEqual(all.slice(0, 1));
    expect(await listed({ from: between, to: after })).toEqual(all.slice(1));
    expect(await listed({ from: after })).toEqual([]);
    expect(await listed({ connectionId: second.id })).toEqual(all.slice(2));
    const found: string[] = [];
    for (let next: string | undefined, pages = 0; pages < 5; pages++) {
      const page = await audit.list({ owner: "ada", limit: 1, after: next });
      found.push(...page.entries.map(({ connectionId, act }) => `${act} ${connectionId}`));
      next = page.next;
      if (next === undefined) break;
    }
    expect(found).toEqual(all);
    expect((await audit.list({ connectionId: first.id, from: between })).entries.map(({ act }) => act)).toEqual([
      "refreshed",
    ]);
    expect((await audit.list({ owner: "nobody" })).entries).toEqual([]);
    expect(await codeOf(audit.list({}))).toBe("invalid_request");
    expect(await codeOf(audit.list({ owner: "ada", limit: 0 }))).toBe("invalid_request");
  });
});

describe("verifying", () => {
  async function written(): Promise<GithubWorld & { readonly id: string; readonly names: readonly string[] }> {
    const world = await auditedWorld({ tokenReads: true });
    const { connection } = await connect(world.keeper);
    for (let count = 0; count < 4; count++) await connection.token();
    await actsOf(world.audit, connection.id, 5);
    const { records } = await world.store.records.list({ prefix: `audit/${connection.id}/`, limit: 10 });
    return { ...world, id: connection.id, names: records.map(({ name }) => name) };
  }
  async function change(store: Store, name: string, make: (value: Buffer) => Uint8Array | undefined): Promise<void> {
    const value = await store.records.get(name);
    if (value === undefined) throw new Error(`there is no ${name}`);
    expect(await store.records.compareAndSet(name, value, make(Buffer.from(value)))).toBe(true);
  }

  test("an entry that was changed is found, and so is one that was put in another's place", async () => {
    const { audit, store, id, names } = await written();
    expect(await audit.verify()).toEqual({ chains: 1, entries: 5, faults: [] });
    const [, , third = "", fourth = ""] = names;
    await change(store, third, (value) => Buffer.from(value.toString().replace("succeeded", "failed")));
    expect((await audit.verify()).faults).toEqual([{ connectionId: id, sequence: 3, what: "changed" }]);
    const other = await store.records.get(fourth);
    await change(store, third, () => other);
    expect((await audit.verify()).faults.map(({ sequence, what }) => `${sequence} ${what}`)).toContain("3 changed");
    await change(store, third, () => Uint8Array.of(0, 255));
    expect((await audit.verify()).faults.map(({ sequence, what }) => `${sequence} ${what}`)).toContain("3 changed");
  });

  test("an entry of another past of the same connection is found", async () => {
    const { audit, store, id, names, keeper } = await written();
    const [fourth = "", fifth = ""] = names.slice(3);
    const past = await store.records.get(fifth);
    for (const name of [fourth, fifth]) await change(store, name, () => undefined);
    const connection = keeper.connection("main", { id });
    for (let count = 0; count < 2; count++) await connection.token();
    await actsOf(audit, id, 5);
    expect((await audit.verify()).faults).toEqual([]);
    await change(store, fifth, () => past);
    expect((await audit.verify()).faults).toEqual([{ connectionId: id, sequence: 5, what: "changed" }]);
  });

  test("an entry that was removed is found", async () => {
    const { audit, store, id, names } = await written();
    await change(store, names[1] ?? "", () => undefined);
    expect((await audit.verify()).faults).toEqual([{ connectionId: id, sequence: 2, what: "missing" }]);
    expect((await audit.verify({ connectionId: id })).faults).toHaveLength(1);
  });

  test("an end that was cut off shows by an anchor, and so does a chain that is gone", async () => {
    const { audit, store, id, names } = await written();
    const anchors: AuditHead[] = [];
    for await (const head of audit.heads()) anchors.push(head);
    expect(anchors).toEqual([{ connectionId: id, sequence: 5, mac: expect.any(String) }]);
    expect((await audit.verify({ anchors })).faults).toEqual([]);
    await change(store, names[4] ?? "", () => undefined);
    expect((await audit.verify()).faults).toEqual([]);
    expect((await audit.verify({ anchors })).faults).toEqual([{ connectionId: id, sequence: 5, what: "cut" }]);
    for (const name of names.slice(0, 4)) await change(store, name, () => undefined);
    expect((await audit.verify({ anchors })).faults).toEqual([{ connectionId: id, sequence: 5, what: "cut" }]);
  });

  test("a whole log of another store does not verify", async () => {
    const { names, store } = await written();
    const other = await auditedWorld();
    const { connection } = await connect(other.keeper);
    await actsOf(other.audit, connection.id, 1);
    for (const name of names) await other.store.records.compareAndSet(name, undefined, await store.records.get(name));
    expect((await other.audit.verify()).faults).toHaveLength(5);
  });
});

describe("an owner whose record was changed", () => {
  test("is named no more, and every act is an entry all the same", async () => {
    const { keeper, audit, store } = await auditedWorld({ tokenReads: true });
    const { connection } = await connect(keeper);
    await actsOf(audit, connection.id, 1);
    const [record] = (await store.records.list({ prefix: "audit-owner/", limit: 1 })).records;
    if (record === undefined) throw new Error("there is no record");
    const changed = record.value.map((byte, index) => (index === record.value.length - 1 ? byte ^ 1 : byte));
    expect(await store.records.compareAndSet(record.name, record.value, changed)).toBe(true);
    await connection.token();
    await expect
      .poll(async () => (await store.records.list({ prefix: `audit/${connection.id}/`, limit: 9 })).records.length)
      .toBe(2);
    expect(await audit.verify()).toEqual({ chains: 1, entries: 2, faults: [] });
    expect(await codeOf(audit.list({ owner: "ada" }))).toBe("decryption_failed");
    expect(await store.records.compareAndSet(record.name, changed, record.value)).toBe(true);
    const { entries } = await audit.list({ connectionId: connection.id });
    expect(entries.map(({ act, owner }) => [act, owner])).toEqual([
      ["connected", "ada"],
      ["token_read", undefined],
    ]);
  });
});

test("an export holds the owner's entries, and nobody else's", async () => {
  const { keeper, provider } = await auditedWorld();
  const [one = "", two = ""] = provider.accounts.map(({ id }) => id);
  await connect(keeper, { owner: "ada", accountId: one });
  await connect(keeper, { owner: "grace", accountId: two });
  const { acts } = await keeper.export({ owner: "ada" });
  expect(acts).toMatchObject([{ act: "connected", owner: "ada" }]);
});

describe("erasing an owner", () => {
  test("E8 takes owner and actor out of the log, whose chains still verify", async () => {
    const { keeper, audit, store } = await auditedWorld();
    const { connection } = await connect(keeper, { owner: "ada" });
    await actsOf(audit, connection.id, 1);
    await keeper.by("support: grace", () => keeper.erase({ owner: "ada" }));
    const acts = ["connected", "revoked", "disconnected", "erased"];
    expect(await actsOf(audit, connection.id, 4)).toEqual(acts);
    const { entries } = await audit.list({ connectionId: connection.id });
    expect(entries.map(({ owner, actor }) => owner ?? actor)).toEqual([undefined, undefined, undefined, undefined]);
    expect((await audit.list({ owner: "ada" })).entries).toEqual([]);
    expect(await audit.verify()).toEqual({ chains: 1, entries: 4, faults: [] });
    expect((await store.records.list({ prefix: "audit-of/", limit: 10 })).records).toEqual([]);
    expect((await store.records.list({ prefix: "audit-subject/", limit: 10 })).records).toEqual([]);
  });

  test("E8 an act that comes late brings nothing of them back, and a new consent begins anew", async () => {
    const { keeper, another, audit } = await auditedWorld({ tokenReads: true });
    const { connection } = await connect(keeper, { owner: "ada" });
    const other = another().connection("main", { id: connection.id });
    await other.token();
    await keeper.erase({ owner: "ada" });
    // The other process still has it in its memory.
    await other.token();
    expect((await actsOf(audit, connection.id, 6)).at(-1)).toBe("token_read");
    expect((await audit.list({ owner: "ada" })).entries).toEqual([]);
    const { connection: next } = await connect(keeper, { owner: "ada" });
    await actsOf(audit, next.id, 1);
    expect((await audit.list({ owner: "ada" })).entries).toMatchObject([{ act: "connected", owner: "ada" }]);
  });
});

test("E7 the log is read after its keys have rotated, without the old one", async () => {
  const next = { id: "next", secret: generateKey() };
  const { keeper, another, audit } = await auditedWorld();
  const { connection } = await connect(keeper, { owner: "ada" });
  await actsOf(audit, connection.id, 1);
  const both = another({ keys: [next, key] });
  await both.rotateKeys();
  await actsOf(audit, connection.id, 2);
  const usage = await both.keyUsage();
  expect(usage.filter(({ keyId, rows, records }) => keyId === key.id && rows + records > 0)).toEqual([]);
  const only = another({ keys: [next] });
  await only.connection("main", { id: connection.id }).status();
  expect((await audit.list({ owner: "ada" })).entries.map(({ act }) => act)).toEqual(["connected", "keys_rotated"]);
  expect((await audit.verify()).faults).toEqual([]);
});
