import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeContract } from "@grantkeeper/testing";
import { KeyvSqlite } from "@keyv/sqlite";
import { Keyv } from "keyv";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { GrantkeeperError } from "../errors.ts";
import { codeOf, errorOf } from "../test/errors.ts";
import { type KeyvLike, type KeyvStoreOptions, keyvStore } from "./keyv-store.ts";
import type { NewGrantRow, Store } from "./port.ts";

/** A clock that the contract moves. */
function clock(): { readonly now: () => number; readonly advance: (ms: number) => void } {
  let time = Date.now();
  return {
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
  };
}

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), "grantkeeper-keyv-"));
}

describe("the contract, in memory", () => {
  storeContract(test, async () => {
    const { now, advance } = clock();
    return { store: keyvStore(new Keyv(), { now }), advance, dispose: async () => {} };
  });
});

describe("the contract, in a file of SQLite", () => {
  storeContract(test, async () => {
    const { now, advance } = clock();
    const path = await folder();
    return {
      store: keyvStore(new Keyv({ store: new KeyvSqlite({ uri: `sqlite://${join(path, "grants.db")}` }) }), { now }),
      advance,
      dispose: () => rm(path, { recursive: true }),
    };
  });
});

describe("kind", () => {
  test.each<[string, () => KeyvLike | undefined]>([
    ["nothing", () => undefined],
    ["a Keyv without an adapter", () => new Keyv()],
    ["a Keyv on a Map", () => new Keyv({ store: new Map() })],
    ["a connection string, which Keyv takes for its own memory", () => new Keyv("sqlite://grants.db")],
  ])("%s is memory", (_, make) => {
    expect(keyvStore(make())).toMatchObject({ kind: "memory", scope: "process" });
  });

  test("a database is not memory, and yet for one process", async () => {
    const { adapter } = await sqlite();
    expect(keyvStore(adapter())).toMatchObject({ kind: "keyv", scope: "process" });
  });
});

describe("a database", () => {
  test("I2 keeps rows, settings and flows over a restart", async () => {
    const { open } = await sqlite();
    const before = open();
    await before.insert(row("con_1"));
    await before.settings.compareAndSet("s", undefined, Uint8Array.of(1));
    await before.flows.put("f", Uint8Array.of(2), 60_000);
    await before.close();
    const after = open();
    expect(await after.get("con_1")).toMatchObject({ connectionId: "con_1", version: 1, fence: 0 });
    expect((await after.list({ ownerHash: "owner-con_1", limit: 10 })).rows.map((found) => found.connectionId)).toEqual(
      ["con_1"],
    );
    expect(await after.insert({ ...row("con_2"), identityHash: "identity-con_1" })).toEqual({
      inserted: false,
      connectionId: "con_1",
    });
    expect(await after.settings.get("s")).toEqual(Buffer.of(1));
    expect(await after.flows.take("f")).toEqual(Buffer.of(2));
  });

  test("I3 the fence goes on after a restart", async () => {
    const { open } = await sqlite();
    const before = open();
    await before.insert(row("con_1"));
    const request = { connectionId: "con_1", grantId: "grant-con_1", version: 1, durationMs: 0, intent: undefined };
    await before.lease({ ...request, fence: 0, holder: "a" });
    await before.close();
    expect(await open().lease({ ...request, fence: 1, holder: "b" })).toMatchObject({
      kind: "leased",
      lease: { fence: 2 },
    });
  });

  test("D2 a second live store on it is refused, and the first goes on", async () => {
    const { open } = await sqlite();
    const first = open();
    await first.insert(row("con_1"));
    const second = open();
    for (const use of uses(second)) expect(await codeOf(use)).toBe("invalid_config");
    expect(await first.get("con_1")).toBeDefined();
  });

  test("allowUnsafe goes on all the same", async () => {
    const { open } = await sqlite();
    await open().insert(row("con_1"));
    expect(await open({ allowUnsafe: true }).get("con_1")).toMatchObject({ connectionId: "con_1" });
  });

  test("D2 a store that another process has taken over refuses every call", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const shared = adapter();
    const store = keyvStore(new Keyv({ store: shared }));
    onTestFinished(() => store.close());
    const opening = store.migrate();
    await vi.advanceTimersByTimeAsync(25);
    await opening;
    const successor = { instance: "another", host: "another-host", pid: 1, at: Date.now() };
    await new Keyv({ store: shared }).set("instance", successor);
    await vi.advanceTimersByTimeAsync(5_000);
    for (const use of uses(store)) expect(await codeOf(use)).toBe("invalid_config");
  });

  test("a store that was closed makes room for the next", async () => {
    const { open } = await sqlite();
    const first = open();
    await first.migrate();
    await first.close();
    expect(await codeOf(() => open().migrate())).toBeUndefined();
  });

  test("rows of another namespace in the same file are not its own", async () => {
    const { open } = await sqlite();
    await open({}, "one").insert(row("con_1"));
    const other = open({}, "other");
    expect((await other.list({ limit: 10 })).rows).toEqual([]);
    expect(await other.get("con_1")).toBeUndefined();
  });
});

describe("an instance of Keyv that would lose grants", () => {
  test("with a default ttl is refused", async () => {
    const store = keyvStore(new Keyv({ ttl: 60_000 }));
    for (const use of uses(store)) expect(await codeOf(use)).toBe("invalid_config");
  });

  test("whose adapter has no iterator is refused", async () => {
    const { iterator: _, ...rest } = adapter();
    const store = keyvStore(new Keyv({ store: rest }));
    for (const use of uses(store)) expect(await codeOf(use)).toBe("invalid_config");
  });

  test("with an error listener, which hides failures, is refused", async () => {
    const keyv = new Keyv();
    keyv.on("error", () => undefined);
    for (const use of uses(keyvStore(keyv))) expect(await codeOf(use)).toBe("invalid_config");
  });

  test("with an error listener that came later is refused", async () => {
    const keyv = new Keyv();
    const store = keyvStore(keyv);
    await store.insert(row("con_1"));
    keyv.on("error", () => undefined);
    expect(await codeOf(() => store.get("con_1"))).toBe("invalid_config");
  });
});

describe("an adapter that fails", () => {
  test("F9 is unavailable in every call, and never looks like an absent row", async () => {
    const failing = adapter();
    const store = keyvStore(new Keyv({ store: failing }), { now: () => 5_000 });
    await store.insert(row("con_1"));
    failing.fail = new Error("down");
    for (const use of uses(store)) {
      expect(await errorOf(use)).toMatchObject({ code: "store_unavailable", retryAt: new Date(6_000) });
    }
  });

  test("is unavailable from the first call on", async () => {
    const failing = adapter();
    failing.fail = new Error("down");
    const store = keyvStore(new Keyv({ store: failing }));
    for (const use of uses(store)) expect(await codeOf(use)).toBe("store_unavailable");
  });

  test.each(["get", "set", "iterator"] as const)(
    "that fails in %s at the first start works at the next",
    async (method) => {
      const failing = adapter();
      failing.fail = new Error("down");
      failing.failOnly = method;
      const store = keyvStore(new Keyv({ store: failing }));
      onTestFinished(() => store.close());
      expect(await codeOf(() => store.migrate())).toBe("store_unavailable");
      failing.fail = undefined;
      expect(await codeOf(() => store.migrate())).toBeUndefined();
    },
  );

  test("that refuses a value is unavailable, and the row is not said to be there", async () => {
    const refusing = adapter();
    const store = keyvStore(new Keyv({ store: refusing }));
    await store.migrate();
    refusing.refuse = true;
    expect(await codeOf(() => store.insert(row("con_1")))).toBe("store_unavailable");
    refusing.refuse = false;
    expect((await store.list({ limit: 10 })).rows).toEqual([]);
    expect(await store.insert(row("con_1"))).toEqual({ inserted: true });
  });

  test("I3 that loses a commit leaves the row as it was", async () => {
    const failing = adapter();
    const store = keyvStore(new Keyv({ store: failing }));
    await store.insert(row("con_1"));
    failing.fail = new Error("down");
    failing.failOnly = "set";
    const expected = { connectionId: "con_1", grantId: "grant-con_1", version: 1, fence: 0 };
    const commit = { expected, payload: { ...row("con_1"), version: 2 }, clearIntents: [] };
    expect(await codeOf(() => store.commit(commit))).toBe("store_unavailable");
    failing.fail = undefined;
    expect(await store.get("con_1")).toMatchObject({ version: 1 });
    expect(await store.commit(commit)).toBe("committed");
  });

  test("R54 shows nothing of what the adapter said, which may hold its password", async () => {
    const failing = adapter();
    failing.fail = new Error("connect redis://user:s3cr3t@10.1.2.3 failed");
    const error = await errorOf(() => keyvStore(new Keyv({ store: failing })).get("con_1"));
    const chain: string[] = [];
    for (let current: unknown = error; current instanceof Error; current = current.cause) {
      chain.push(`${current.message} ${current.stack} ${JSON.stringify(current)}`);
    }
    expect(chain.join("\n")).not.toContain("s3cr3t");
  });

  test("in closing says so", async () => {
    const failing = adapter();
    const store = keyvStore(new Keyv({ store: failing }));
    await store.migrate();
    failing.fail = new Error("down");
    failing.failOnly = "disconnect";
    await expect(store.close()).rejects.toBeInstanceOf(GrantkeeperError);
  });
});

function row(connectionId: string): NewGrantRow {
  return {
    connectionId,
    connector: "example",
    ownerHash: `owner-${connectionId}`,
    grantId: `grant-${connectionId}`,
    version: 1,
    sealed: Uint8Array.of(1, 2, 3),
    state: "active",
    identityHash: `identity-${connectionId}`,
    accountHash: `account-${connectionId}`,
    tokenHashes: [],
  };
}

/** Every call that reads or writes. */
function uses(store: Store): readonly (() => Promise<unknown>)[] {
  const expected = { connectionId: "con_1", grantId: "grant-con_1", version: 1, fence: 0 };
  const lease = { connectionId: "con_1", holder: "a", fence: 0 };
  return [
    () => store.get("con_1"),
    () => store.insert(row("con_2")),
    () => store.lease({ ...expected, holder: "a", durationMs: 1_000, intent: undefined }),
    () => store.release({ lease, clearIntents: [] }),
    () => store.commit({ expected, payload: row("con_1"), clearIntents: [] }),
    () => store.delete(expected),
    () => store.list({ limit: 10 }),
    () => store.flows.put("f", Uint8Array.of(1), 1_000),
    () => store.flows.take("f"),
    () => store.settings.get("s"),
    () => store.settings.compareAndSet("s", undefined, Uint8Array.of(1)),
  ];
}

/** Stores on one file of SQLite, which the test's end closes and removes. */
async function sqlite(): Promise<{
  readonly adapter: (namespace?: string) => Keyv;
  readonly open: (options?: KeyvStoreOptions, namespace?: string) => Store;
}> {
  const path = await folder();
  onTestFinished(() => rm(path, { recursive: true }));
  const adapterOf = (namespace?: string): Keyv => {
    const store = new KeyvSqlite({ uri: `sqlite://${join(path, "grants.db")}` });
    return new Keyv({ store, ...(namespace === undefined ? {} : { namespace }) });
  };
  return {
    adapter: adapterOf,
    open: (options = {}, namespace) => {
      const store = keyvStore(adapterOf(namespace), options);
      onTestFinished(() => store.close().catch(() => undefined));
      return store;
    },
  };
}

type Method = "get" | "set" | "delete" | "iterator" | "disconnect";

/** A storage adapter in memory that is no Map, and fails when it is told to. */
function adapter() {
  const values = new Map<string, unknown>();
  const state = {
    fail: undefined as Error | undefined,
    failOnly: undefined as Method | undefined,
    refuse: false,
  };
  const check = (method: Method): void => {
    if (state.fail !== undefined && (state.failOnly ?? method) === method) throw state.fail;
  };
  return Object.assign(state, {
    async get(key: string) {
      check("get");
      return values.get(key);
    },
    async set(key: string, value: unknown) {
      check("set");
      if (!state.refuse) values.set(key, value);
      return !state.refuse;
    },
    async delete(key: string) {
      check("delete");
      return values.delete(key);
    },
    async clear() {
      values.clear();
    },
    async has(key: string) {
      return values.has(key);
    },
    async *iterator() {
      check("iterator");
      yield* values;
    },
    async disconnect() {
      check("disconnect");
    },
  });
}

test("flows that nobody finished are removed as others come", async () => {
  let time = 1_000;
  const entries = new Map<string, unknown>();
  const store = keyvStore(new Keyv({ store: entries }), { now: () => time });
  for (let index = 0; index < 50; index++) await store.flows.put(`old-${index}`, new Uint8Array([1]), 600_000);
  time += 600_001;
  for (let index = 0; index < 10; index++) await store.flows.put(`new-${index}`, new Uint8Array([1]), 600_000);
  expect([...entries.keys()].filter((name) => name.includes("flow:"))).toHaveLength(10);
});
