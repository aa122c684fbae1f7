import { Keyv } from "keyv";
import { describe, expect, onTestFinished, test } from "vitest";
import { GrantkeeperError } from "../../errors.ts";
import { codeOf, errorOf } from "../../test/errors.ts";
import { keyvStore } from "../keyv-store.ts";
import { createAdapter } from "../test/adapter.ts";
import { everyOperation, newRow } from "../test/rows.ts";

describe("an instance of Keyv that would lose grants", () => {
  test("with a default ttl is refused", async () => {
    const store = keyvStore(new Keyv({ ttl: 60_000 }));
    for (const use of everyOperation(store)) expect(await codeOf(use)).toBe("invalid_config");
  });

  test("whose adapter has no iterator is refused", async () => {
    const { iterator: _, ...rest } = createAdapter();
    const store = keyvStore(new Keyv({ store: rest }));
    for (const use of everyOperation(store)) expect(await codeOf(use)).toBe("invalid_config");
  });

  test("with an error listener, which hides failures, is refused", async () => {
    const keyv = new Keyv();
    keyv.on("error", () => undefined);
    for (const use of everyOperation(keyvStore(keyv))) expect(await codeOf(use)).toBe("invalid_config");
  });

  test("with an error listener that came later is refused", async () => {
    const keyv = new Keyv();
    const store = keyvStore(keyv);
    await store.insert(newRow("con_1"));
    keyv.on("error", () => undefined);
    expect(await codeOf(() => store.get("con_1"))).toBe("invalid_config");
  });
});

describe("an adapter that fails", () => {
  test("F7 F9 is unavailable in every call, and never looks like an absent row", async () => {
    const failing = createAdapter();
    const store = keyvStore(new Keyv({ store: failing }), { now: () => 5_000 });
    await store.insert(newRow("con_1"));
    failing.fail = new Error("down");
    for (const use of everyOperation(store)) {
      expect(await errorOf(use)).toMatchObject({ code: "store_unavailable", retryAt: new Date(6_000) });
    }
  });

  test("is unavailable from the first call on", async () => {
    const failing = createAdapter();
    failing.fail = new Error("down");
    const store = keyvStore(new Keyv({ store: failing }));
    for (const use of everyOperation(store)) expect(await codeOf(use)).toBe("store_unavailable");
  });

  test.each(["get", "set", "iterator"] as const)(
    "that fails in %s at the first start works at the next",
    async (method) => {
      const failing = createAdapter();
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
    const refusing = createAdapter();
    const store = keyvStore(new Keyv({ store: refusing }));
    await store.migrate();
    refusing.refuse = true;
    expect(await codeOf(() => store.insert(newRow("con_1")))).toBe("store_unavailable");
    refusing.refuse = false;
    expect((await store.list({ limit: 10 })).rows).toEqual([]);
    expect(await store.insert(newRow("con_1"))).toEqual({ inserted: true });
  });

  test("I3 that loses a commit leaves the row as it was", async () => {
    const failing = createAdapter();
    const store = keyvStore(new Keyv({ store: failing }));
    await store.insert(newRow("con_1"));
    failing.fail = new Error("down");
    failing.failOnly = "set";
    const expected = { connectionId: "con_1", grantId: "grant-con_1", version: 1, fence: 0 };
    const commit = { expected, payload: { ...newRow("con_1"), version: 2 }, clearIntents: [] };
    expect(await codeOf(() => store.commit(commit))).toBe("store_unavailable");
    failing.fail = undefined;
    expect(await store.get("con_1")).toMatchObject({ version: 1 });
    expect(await store.commit(commit)).toBe("committed");
  });

  test("R54 shows nothing of what the adapter said, which may hold its password", async () => {
    const failing = createAdapter();
    failing.fail = new Error("connect redis://user:s3cr3t@10.1.2.3 failed");
    const error = await errorOf(() => keyvStore(new Keyv({ store: failing })).get("con_1"));
    const chain: string[] = [];
    for (let current: unknown = error; current instanceof Error; current = current.cause) {
      chain.push(`${current.message} ${current.stack} ${JSON.stringify(current)}`);
    }
    expect(chain.join("\n")).not.toContain("s3cr3t");
  });

  test("in closing says so", async () => {
    const failing = createAdapter();
    const store = keyvStore(new Keyv({ store: failing }));
    await store.migrate();
    failing.fail = new Error("down");
    failing.failOnly = "disconnect";
    await expect(store.close()).rejects.toBeInstanceOf(GrantkeeperError);
  });
});
