import { join } from "node:path";
import { createKeeper, generateKey, type Keeper, type KeyConfig } from "@grantkeeper/core";
import type { GrantRow, Store } from "@grantkeeper/core/store";
import { expect, test } from "vitest";
import { example } from "./test/example.ts";
import { createFolder, openStore } from "./test/fixtures.ts";
import { type LastWrite, mortalStore } from "./test/mortal-store.ts";

type ExampleKeeper = Keeper<{ readonly example: typeof example }>;

const count = 10_000;
const old: KeyConfig = { id: "old", secret: generateKey() };
const next: KeyConfig = { id: "next", secret: generateKey() };

/**
 * Each process writes once and dies there, so that there is a death at each boundary, and a new process goes on from it: by
 * turns one that dies before it hears that its write is done, and one that dies as it asks for the next. Both leave the same
 * bytes. From one boundary to the next one row alone is changed, from what opened in the beginning to what opens in the end:
 * so all of them open at every boundary.
 */
test("E7 a rotation that dies at any of 10,000 rows leaves all of them readable, and the next one goes on", async () => {
  const file = openStore(join(createFolder(), "grants.db"));
  // One process after another has it, and the dead close nothing.
  const store: Store = { ...file, close: async () => undefined };
  await fill(open(store, old));
  const before = await readRows(store);

  const few = 4;
  let page: string | undefined;
  const onward: Store = { ...store, list: ({ after = page }) => store.list({ limit: few, after }) };
  const dieAt = (boundary: number, own: Store): Promise<LastWrite> => {
    const mortal = mortalStore(own, boundary % 2 === 0 ? "unheard" : "asking");
    void open(mortal.store, next, old).rotateKeys();
    return mortal.died;
  };
  expect((await dieAt(0, store)).name).toBe("keys");
  expect((await dieAt(1, store)).name).toBe("index-key");
  expect(await readAll(open(store, next, old))).toBe(count);

  const became = new Map<string, string>();
  for (const [done, { connectionId }] of before.entries()) {
    // What is done already makes no difference but time: of each two hundred one goes over all of it, from just before, at or
    // just after the end of a page of a hundred, and the others begin where the last one died.
    const pair = Math.round(done / 200);
    const goesOverAll = done === pair * 200 + (pair % 3) - 1;
    if (done > 0 && done % few === 0) page = (await store.list({ limit: few, after: page })).next;
    const { name, value } = await dieAt(done + 1, goesOverAll ? store : onward);
    expect(name).toBe(connectionId);
    became.set(name, textOf(value));
  }
  expect(await open(store, next, old).rotateKeys()).toEqual({ seen: count, changed: 0, failed: 0 });

  for (const [index, row] of (await readRows(store)).entries()) {
    // Nobody has touched it since, so that what is opened below is what was there from then on.
    expect(textOf(row.wrappedKey)).toBe(became.get(row.connectionId));
    expect(withoutKey(row)).toEqual(withoutKey(before[index]));
  }
  const alone = open(store, next);
  expect((await alone.keyUsage()).map(({ keyId, rows }) => [keyId, rows])).toEqual([["next", count]]);
  expect(await readAll(alone)).toBe(count);
  await expect(readAll(open(store, old))).rejects.toMatchObject({ code: "decryption_failed" });
});

function open(store: Store, ...keys: readonly KeyConfig[]): ExampleKeeper {
  return createKeeper({ connectors: { example }, store, keys, callbackUrl: "https://app.example.com/connect" });
}

async function fill(keeper: ExampleKeeper): Promise<void> {
  const adopt = (index: number): Promise<unknown> =>
    keeper.adopt("example", {
      owner: `owner-${index}`,
      account: { id: `account-${index}` },
      tokens: { accessToken: `access-${index}`, refreshToken: `refresh-${index}` },
    });
  for (let index = 0; index < count; ) await Promise.all(Array.from({ length: 100 }, () => adopt(index++)));
}

/** Opens every grant, and counts them. */
async function readAll(keeper: ExampleKeeper): Promise<number> {
  let active = 0;
  for await (const connection of keeper.connections()) {
    if ((await connection.status()).state === "active") active++;
  }
  return active;
}

async function readRows(store: Store): Promise<readonly GrantRow[]> {
  const rows: GrantRow[] = [];
  let after: string | undefined;
  do {
    const page = await store.list({ limit: 1_000, after });
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

function textOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("base64");
}

function withoutKey(row: GrantRow | undefined): object {
  return { ...row, wrappedKey: undefined, readAt: undefined };
}
