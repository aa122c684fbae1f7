import { Keyv } from "keyv";
import { describe, expect, test } from "vitest";
import { GrantkeeperError } from "../errors.ts";
import { errorOf } from "../test/errors.ts";
import { keyvStore } from "./keyv-store.ts";
import type { Store } from "./port.ts";
import { withStoreErrors } from "./store-errors.ts";
import { everyOperation, newRow } from "./test/rows.ts";

/** A store of another's, which rejects every call with the same error. */
function failingStore(error: unknown): Store {
  const fail = (): Promise<never> => Promise.reject(error);
  return {
    scope: "shared",
    kind: "another's",
    ...{ migrate: fail, get: fail, insert: fail, lease: fail, release: fail, commit: fail, delete: fail },
    ...{ rewrap: fail, claimDue: fail, list: fail, close: fail },
    flows: { put: fail, take: fail, list: fail },
    records: { get: fail, compareAndSet: fail, list: fail },
  };
}

function allOf(store: Store): readonly (() => Promise<unknown>)[] {
  return [...everyOperation(store), () => store.migrate(), () => store.close()];
}

describe("withStoreErrors", () => {
  test("F7 R54 makes whatever a store rejects with unavailable, without its words", async () => {
    const foreign = Object.assign(new Error("redis://user:s3cr3t@10.1.2.3 is gone"), { code: "ECONNRESET" });
    const store = withStoreErrors(failingStore(foreign), () => 5_000);
    for (const operation of allOf(store)) {
      const error = await errorOf(operation);
      expect(error).toMatchObject({ code: "store_unavailable", remedy: "retry", retryAt: new Date(6_000) });
      expect(error.cause).toMatchObject({ message: "Error ECONNRESET" });
      expect(`${error.stack} ${String(error.cause)}`).not.toContain("s3cr3t");
    }
  });

  test("leaves an error of Grantkeeper's as it is", async () => {
    const own = new GrantkeeperError("invalid_config", "The file belongs to another application.");
    const store = withStoreErrors(failingStore(own), () => 5_000);
    for (const operation of allOf(store)) expect(await errorOf(operation)).toBe(own);
  });

  test("passes every call on, and its answer back", async () => {
    const store = withStoreErrors(keyvStore(new Keyv()), Date.now);
    expect(store).toMatchObject({ scope: "process", kind: "memory" });
    expect(await store.insert(newRow("con_1", { dueAt: 1 }))).toEqual({ inserted: true });
    const key = { connectionId: "con_1", grantId: "grant-con_1", expected: Uint8Array.of(4, 5, 6) };
    expect(await store.rewrap({ ...key, wrappedKey: Uint8Array.of(7) })).toBe("rewrapped");
    const { claimed, next } = await store.claimDue({ dueUntil: 1, holder: "a", durationMs: 60_000, limit: 1 });
    expect(claimed).toMatchObject([{ lease: { holder: "a", fence: 1 }, row: { wrappedKey: Buffer.of(7) } }]);
    expect((await store.claimDue({ dueUntil: 1, holder: "b", durationMs: 1, limit: 1, after: next })).claimed).toEqual(
      [],
    );
    const expected = { connectionId: "con_1", grantId: "grant-con_1", version: 1, fence: 1 };
    const lease = await store.lease({ ...expected, holder: "a", durationMs: 1_000, intent: undefined });
    expect(lease).toMatchObject({ kind: "leased", lease: { fence: 2 } });
    await store.release({ lease: { connectionId: "con_1", holder: "a", fence: 2 } });
    expect((await store.get("con_1"))?.lease).toBeUndefined();
    const commit = { expected: { ...expected, fence: 2 }, payload: newRow("con_1", { version: 2 }), clearIntents: [] };
    expect(await store.commit(commit)).toBe("committed");
    expect((await store.list({ limit: 1 })).rows).toMatchObject([{ version: 2 }]);
    expect(await store.delete({ ...expected, version: 2, fence: 2 })).toBe("deleted");
    await store.flows.put("flow", Uint8Array.of(8), 60_000);
    expect(await store.flows.take("flow")).toEqual(Buffer.of(8));
    expect(await store.records.compareAndSet("record", undefined, Uint8Array.of(9))).toBe(true);
    expect(await store.records.get("record")).toEqual(Buffer.of(9));
    await store.close();
  });
});
