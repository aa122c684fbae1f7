import { Keyv } from "keyv";
import { describe, expect, test } from "vitest";
import { codeOf } from "../../test/errors.ts";
import { keyvStore } from "../keyv-store.ts";
import type { GrantPayload, Store } from "../port.ts";
import { type Adapter, createAdapter } from "../test/adapter.ts";
import { newRow } from "../test/rows.ts";

function open(): { readonly store: Store; readonly adapter: Adapter } {
  const adapter = createAdapter();
  return { store: keyvStore(new Keyv({ store: adapter })), adapter };
}

/** Lets the next write arrive, and its answer be lost. */
async function withLostAnswer(adapter: Adapter, write: () => Promise<unknown>): Promise<void> {
  Object.assign(adapter, { fail: new Error("down"), failOnly: "set", lostAnswers: 1 });
  expect(await codeOf(write)).toBe("store_unavailable");
  adapter.fail = undefined;
}

const expected = { connectionId: "con_1", grantId: "grant-con_1", version: 1, fence: 0 };

function commit(store: Store, payload: GrantPayload): Promise<string> {
  return store.commit({ expected, payload, clearIntents: [] });
}

async function idsBy(store: Store, tokenHash: string): Promise<readonly string[]> {
  return (await store.list({ tokenHash, limit: 10 })).rows.map(({ connectionId }) => connectionId);
}

describe("a write whose answer was lost", () => {
  test("F7 of a commit is found by what was written, and by nothing older", async () => {
    const { store, adapter } = open();
    await store.insert(newRow("con_1", { dueAt: 1, tokenHashes: ["old"] }));
    const payload = newRow("con_1", { version: 2, dueAt: 100, tokenHashes: ["new"], identityHash: "moved" });
    await withLostAnswer(adapter, () => commit(store, payload));
    expect(await idsBy(store, "new")).toEqual(["con_1"]);
    expect(await idsBy(store, "old")).toEqual([]);
    const claim = { holder: "holder", durationMs: 1_000, limit: 10 };
    expect((await store.claimDue({ ...claim, dueUntil: 99 })).claimed).toEqual([]);
    expect((await store.claimDue({ ...claim, dueUntil: 100 })).claimed).toHaveLength(1);
    expect(await store.insert(newRow("con_2", { identityHash: "moved" }))).toMatchObject({ connectionId: "con_1" });
    expect(await store.insert(newRow("con_3", { identityHash: "identity-con_1" }))).toEqual({ inserted: true });
  });

  test("F7 of an insert is listed, and keeps its identity", async () => {
    const { store, adapter } = open();
    await store.migrate();
    await withLostAnswer(adapter, () => store.insert(newRow("con_1", { tokenHashes: ["token"] })));
    expect(await store.insert(newRow("con_2", { identityHash: "identity-con_1" }))).toEqual({
      inserted: false,
      connectionId: "con_1",
    });
    expect(await idsBy(store, "token")).toEqual(["con_1"]);
  });

  test("a commit to an identity that may have been written to another row is refused", async () => {
    const { store, adapter } = open();
    await store.insert(newRow("con_1"));
    await store.insert(newRow("con_2"));
    await withLostAnswer(adapter, () => commit(store, newRow("con_1", { version: 2, identityHash: "moved" })));
    const other = { expected: { ...expected, connectionId: "con_2", grantId: "grant-con_2" }, clearIntents: [] };
    const payload = newRow("con_2", { version: 2, identityHash: "moved" });
    expect(await store.commit({ ...other, payload })).toBe("identity_taken");
    const free = { ...payload, identityHash: "identity-con_1" };
    expect(await store.commit({ ...other, payload: free })).toBe("committed");
  });

  test("an identity is free again where the write never arrived", async () => {
    const { store, adapter } = open();
    await store.insert(newRow("con_1"));
    Object.assign(adapter, { fail: new Error("down"), failOnly: "set" });
    const payload = newRow("con_1", { version: 2, identityHash: "moved" });
    expect(await codeOf(() => commit(store, payload))).toBe("store_unavailable");
    adapter.fail = undefined;
    expect(await store.insert(newRow("con_2", { identityHash: "moved" }))).toEqual({ inserted: true });
    expect(await commit(store, payload)).toBe("identity_taken");
  });

  test("what cannot be read again is unavailable, and not left out", async () => {
    const { store, adapter } = open();
    await store.insert(newRow("con_1", { tokenHashes: ["old"] }));
    await withLostAnswer(adapter, () => commit(store, newRow("con_1", { version: 2, tokenHashes: ["new"] })));
    Object.assign(adapter, { fail: new Error("down"), failOnly: "get" });
    expect(await codeOf(() => idsBy(store, "new"))).toBe("store_unavailable");
    adapter.fail = undefined;
    expect(await idsBy(store, "new")).toEqual(["con_1"]);
  });
});

describe("pages", () => {
  test("refuse limits and places that they never gave", async () => {
    const { store } = open();
    const claim = { dueUntil: 1, holder: "holder", durationMs: 1_000 };
    for (const limit of [0, 1_001, 1.5, Number.NaN]) {
      expect(await codeOf(() => store.list({ limit }))).toBe("invalid_request");
      expect(await codeOf(() => store.claimDue({ ...claim, limit }))).toBe("invalid_request");
    }
    expect(await codeOf(() => store.list({ limit: 1, after: "x" }))).toBe("invalid_request");
    for (const after of ["", "1", "x:1", "1:x"]) {
      expect(await codeOf(() => store.claimDue({ ...claim, limit: 1, after }))).toBe("invalid_request");
    }
  });
});
