import { chmodSync, mkdirSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isGrantkeeperError } from "@grantkeeper/core";
import { expect, test } from "vitest";
import { sqliteStore } from "./index.ts";
import { codeOf, createFolder, errorOf, openStore } from "./test/fixtures.ts";
import { newRow } from "./test/new-row.ts";

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test.skipIf(process.platform === "win32")("a new file and its companions are for their owner alone", async () => {
  const path = join(createFolder(), "grants.db");
  await openStore(path).insert(newRow("con"));
  expect([path, `${path}-wal`, `${path}-shm`].map(modeOf)).toEqual([0o600, 0o600, 0o600]);
});

test.skipIf(process.platform === "win32")("a file that is there keeps its mode", async () => {
  const path = join(createFolder(), "grants.db");
  writeFileSync(path, "");
  chmodSync(path, 0o660);
  await openStore(path).insert(newRow("con"));
  expect(modeOf(path)).toBe(0o660);
});

test("the file has a write-ahead log", async () => {
  const path = join(createFolder(), "grants.db");
  await openStore(path).migrate();
  const database = new DatabaseSync(path);
  expect(database.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "wal" });
  database.close();
});

test("nothing is opened before it is used", () => {
  const path = join(createFolder(), "grants.db");
  sqliteStore(path);
  expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
});

test.each(["", ":memory:", "file:grants.db?mode=memory", "grants\0.db"])("%j is refused as a path", (path) => {
  expect(() => sqliteStore(path)).toThrow(expect.objectContaining({ code: "invalid_config" }));
});

test.each([-1, 0.5, Number.NaN])("%d is refused as a busy time-out", (busyTimeoutMs) => {
  expect(() => sqliteStore("grants.db", { busyTimeoutMs })).toThrow(
    expect.objectContaining({ code: "invalid_config" }),
  );
});

test.each<[string, (folder: string) => string, RegExp]>([
  ["a folder", (folder) => folder, /not that of a file/],
  ["a file in a folder that is not there", (folder) => join(folder, "absent", "grants.db"), /folder does not exist/],
  [
    "a file of another kind",
    (folder) => {
      writeFileSync(join(folder, "notes.txt"), "no database at all ".repeat(100));
      return join(folder, "notes.txt");
    },
    /no SQLite database/,
  ],
  [
    "a database of a newer version",
    (folder) => sqlFile(folder, `PRAGMA application_id = ${0x47724b70}; PRAGMA user_version = 99`),
    /newer/,
  ],
  ["a database of another application", (folder) => sqlFile(folder, "CREATE TABLE users (id)"), /another application/],
])("%s is refused with its reason, and stays as it is", async (_, make, reason) => {
  const path = make(createFolder());
  const before = statSync(path, { throwIfNoEntry: false });
  const error = await errorOf(openStore(path).migrate());
  if (!isGrantkeeperError(error)) throw error;
  expect(error.code).toBe("invalid_config");
  expect(error.message).toMatch(reason);
  expect(statSync(path, { throwIfNoEntry: false })?.size).toBe(before?.size);
});

test("a store that could not open does so once the reason is gone", async () => {
  const folder = join(createFolder(), "later");
  const store = openStore(join(folder, "grants.db"));
  expect(await codeOf(store.get("con"))).toBe("invalid_config");
  mkdirSync(folder);
  expect(await store.get("con")).toBeUndefined();
});

test.skipIf(process.platform === "win32")("a file that was moved away or replaced is not written to", async () => {
  const folder = createFolder();
  const path = join(folder, "grants.db");
  const store = openStore(path);
  await store.insert(newRow("con"));
  renameSync(path, join(folder, "moved.db"));
  expect(await codeOf(store.insert(newRow("other")))).toBe("store_unavailable");
  writeFileSync(path, "");
  expect(await codeOf(store.get("con"))).toBe("store_unavailable");
  renameSync(join(folder, "moved.db"), path);
  expect(await store.get("con")).toMatchObject({ connectionId: "con" });
});

test("a failure of SQLite is store_unavailable, changes nothing and names no value", async () => {
  const path = join(createFolder(), "grants.db");
  const store = openStore(path);
  await store.insert(newRow("con"));
  const database = new DatabaseSync(path);
  database.exec("CREATE TRIGGER full BEFORE UPDATE ON grants BEGIN SELECT RAISE(ABORT, 'secret'); END");
  const expected = { connectionId: "con", grantId: "grant-con", version: 1, fence: 0 };
  const commit = { expected, payload: newRow("con", { version: 2 }), clearIntents: [] };
  const error = await errorOf(store.commit(commit));
  if (!isGrantkeeperError(error)) throw error;
  expect(error).toMatchObject({ code: "store_unavailable", retryAt: expect.any(Date) });
  expect(`${error.message} ${error.stack} ${String(error.cause)}`).not.toContain("secret");
  expect(error.cause).toMatchObject({ message: "Error ERR_SQLITE_ERROR 1811" });
  expect(await store.get("con")).toMatchObject({ version: 1 });
  database.exec("DROP TRIGGER full");
  database.close();
  expect(await store.commit(commit)).toBe("committed");
});

function sqlFile(folder: string, sql: string): string {
  const path = join(folder, "other.db");
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  return path;
}
