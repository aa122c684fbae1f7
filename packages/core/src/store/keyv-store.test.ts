import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeContract } from "@grantkeeper/testing";
import { KeyvSqlite } from "@keyv/sqlite";
import { Keyv } from "keyv";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { codeOf } from "../test/errors.ts";
import { type KeyvLike, type KeyvStoreOptions, keyvStore } from "./keyv-store.ts";
import type { Store } from "./port.ts";
import { createAdapter } from "./test/adapter.ts";
import { everyOperation, newRow } from "./test/rows.ts";

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

describe("the contract, with an adapter that goes away", () => {
  const makeStore = async () => {
    const { now, advance } = clock();
    const adapter = createAdapter();
    const interrupt = async () => {
      adapter.fail = new Error("down");
      // What was on its way arrives, and the adapter never says so.
      adapter.lostAnswers = 1;
      return async () => {
        adapter.fail = undefined;
      };
    };
    return { store: keyvStore(new Keyv({ store: adapter }), { now }), advance, interrupt, dispose: async () => {} };
  };
  storeContract(test, makeStore, { interrupts: true });
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
  test("I2 keeps rows, records and flows over a restart", async () => {
    const { open } = await sqlite();
    const before = open();
    await before.insert(newRow("con_1"));
    await before.records.compareAndSet("s", undefined, Uint8Array.of(1));
    await before.flows.put("f", Uint8Array.of(2), 60_000);
    await before.close();
    const after = open();
    expect(await after.get("con_1")).toMatchObject({ connectionId: "con_1", version: 1, fence: 0 });
    expect((await after.list({ ownerHash: "owner-con_1", limit: 10 })).rows.map((found) => found.connectionId)).toEqual(
      ["con_1"],
    );
    expect(await after.insert({ ...newRow("con_2"), identityHash: "identity-con_1" })).toEqual({
      inserted: false,
      connectionId: "con_1",
    });
    expect(await after.records.get("s")).toEqual(Buffer.of(1));
    expect(await after.flows.take("f")).toEqual(Buffer.of(2));
  });

  test("I3 the fence goes on after a restart", async () => {
    const { open } = await sqlite();
    const before = open();
    await before.insert(newRow("con_1"));
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
    await first.insert(newRow("con_1"));
    const second = open();
    for (const use of everyOperation(second)) expect(await codeOf(use)).toBe("invalid_config");
    expect(await first.get("con_1")).toBeDefined();
  });

  test("allowUnsafe goes on all the same", async () => {
    const { open } = await sqlite();
    await open().insert(newRow("con_1"));
    expect(await open({ allowUnsafe: true }).get("con_1")).toMatchObject({ connectionId: "con_1" });
  });

  test("D2 a store that another process has taken over refuses every call", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    const shared = createAdapter();
    const store = keyvStore(new Keyv({ store: shared }));
    onTestFinished(() => store.close());
    const opening = store.migrate();
    await vi.advanceTimersByTimeAsync(25);
    await opening;
    const successor = { instance: "another", host: "another-host", pid: 1, at: Date.now() };
    await new Keyv({ store: shared }).set("instance", successor);
    await vi.advanceTimersByTimeAsync(5_000);
    for (const use of everyOperation(store)) expect(await codeOf(use)).toBe("invalid_config");
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
    await open({}, "one").insert(newRow("con_1"));
    const other = open({}, "other");
    expect((await other.list({ limit: 10 })).rows).toEqual([]);
    expect(await other.get("con_1")).toBeUndefined();
  });
});

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

test("flows that nobody finished are removed as others come", async () => {
  let time = 1_000;
  const entries = new Map<string, unknown>();
  const store = keyvStore(new Keyv({ store: entries }), { now: () => time });
  for (let index = 0; index < 50; index++) await store.flows.put(`old-${index}`, new Uint8Array([1]), 600_000);
  time += 600_001;
  for (let index = 0; index < 10; index++) await store.flows.put(`new-${index}`, new Uint8Array([1]), 600_000);
  expect([...entries.keys()].filter((name) => name.includes("flow:"))).toHaveLength(10);
});
