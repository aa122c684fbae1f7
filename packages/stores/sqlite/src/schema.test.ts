import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { isGrantkeeperError } from "@grantkeeper/core";
import { expect, test } from "vitest";
import { sqliteStore } from "./index.ts";
import { createFolder, errorOf, openStore } from "./test/fixtures.ts";
import { newRow } from "./test/new-row.ts";

/** A file with one row, which no process has open. */
async function createFile(): Promise<string> {
  const path = join(createFolder(), "grants.db");
  const store = sqliteStore(path);
  await store.insert(newRow("there"));
  await store.close();
  return path;
}

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

function idsOf(path: string): readonly unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database.prepare("SELECT connection_id FROM grants").all();
  database.close();
  return rows.map((row) => row["connection_id"]);
}

/** What is in the folder, byte for byte. */
function contentOf(path: string): Readonly<Record<string, string>> {
  const folder = join(path, "..");
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "base64")]));
}

async function expectRefused(path: string, message: RegExp): Promise<void> {
  const store = sqliteStore(path);
  for (const attempt of [() => store.migrate(), () => store.get("there"), () => store.insert(newRow("new"))]) {
    const error = await errorOf(attempt());
    if (!isGrantkeeperError(error)) throw error ?? new Error("it was not refused");
    expect(error).toMatchObject({ code: "invalid_config", remedy: "fix_config" });
    expect(error.message).toMatch(message);
  }
  await store.close();
}

test("F7 a migration that is killed before any of its statements is made by the next", async () => {
  const script = fileURLToPath(new URL("./test/migrate-until.ts", import.meta.url));
  let killed = 0;
  for (let count = 0; ; count++) {
    const path = join(createFolder(), "grants.db");
    const child = fork(script, [path, String(count)], { execArgv: ["--disable-warning=ExperimentalWarning"] });
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    const store = sqliteStore(path);
    expect(await store.insert(newRow("con", { dueAt: 1 }))).toEqual({ inserted: true });
    expect((await store.list({ ownerHash: "owner-con", limit: 1 })).rows).toMatchObject([{ connectionId: "con" }]);
    await store.close();
    if (code === 0) break;
    expect(signal).toBe("SIGKILL");
    killed++;
  }
  // One for each table and index at least.
  expect(killed).toBeGreaterThan(14);
});

test("F7 a database of a newer version is refused, and not a byte of it is changed", async () => {
  const path = await createFile();
  change(path, "PRAGMA user_version = 99");
  const before = contentOf(path);
  expect(Object.keys(before)).toEqual(["grants.db"]);
  await expectRefused(path, /schema version 99, newer than \d+.*upgrade/);
  expect(contentOf(path)).toEqual(before);
  expect(idsOf(path)).toEqual(["there"]);
  change(path, "PRAGMA user_version = 3");
  expect(await openStore(path).get("there")).toMatchObject({ connectionId: "there" });
});

test("F7 a file of version 2, which kept all token hashes beside the rows, is found by them as before", async () => {
  const path = join(createFolder(), "grants.db");
  const before = sqliteStore(path);
  for (const [id, ...tokenHashes] of [["none"], ["one", "a"], ["two", "b", "shared"], ["three", "shared", "c", "d"]]) {
    await before.insert(newRow(id ?? "", { tokenHashes }));
  }
  await before.close();
  change(
    path,
    `DROP INDEX grants_by_token; DELETE FROM grant_tokens; PRAGMA user_version = 2;
    INSERT INTO grant_tokens SELECT value, sequence FROM grants, json_each(token_hashes)`,
  );
  const store = openStore(path);
  const found = async (tokenHash: string) =>
    (await store.list({ tokenHash, limit: 10 })).rows.map(({ connectionId }) => connectionId);
  for (const [tokenHash, ids] of Object.entries({ a: ["one"], b: ["two"], c: ["three"], d: ["three"] })) {
    expect(await found(tokenHash)).toEqual(ids);
  }
  expect(await found("shared")).toEqual(["two", "three"]);
  expect(await found("[]")).toEqual([]);
  const database = new DatabaseSync(path, { readOnly: true });
  const beside = database.prepare("SELECT token_hash FROM grant_tokens ORDER BY token_hash").all();
  database.close();
  expect(beside.map((row) => row["token_hash"])).toEqual(["c", "d", "shared"]);
});

test.each([
  ["without a version", "PRAGMA user_version = 0"],
  [
    "without a version and an owner, as a dump that was read in again",
    "PRAGMA user_version = 0; PRAGMA application_id = 0",
  ],
])("F7 tables of grants %s are refused, and stay as they are", async (_, sql) => {
  const path = await createFile();
  change(path, sql);
  const before = contentOf(path);
  await expectRefused(path, /no version.*Restore a copy/);
  expect(contentOf(path)).toEqual(before);
  expect(idsOf(path)).toEqual(["there"]);
});

test.each([
  ["a table", "DROP TABLE flows"],
  ["a column", "ALTER TABLE grants RENAME COLUMN wrapped_key TO other"],
  ["an index", "DROP INDEX grants_by_due"],
  ["an index of lists", "DROP INDEX grants_by_owner"],
  ["the index of tokens", "DROP INDEX grants_by_token"],
])("F7 a database that has lost %s is refused, and keeps its rows", async (_, sql) => {
  const path = await createFile();
  change(path, sql);
  await expectRefused(path, /has not the tables of its version: restore/);
  expect(idsOf(path)).toEqual(["there"]);
});

test("a copy that VACUUM INTO made is opened with its rows", async () => {
  const path = await createFile();
  const copy = join(createFolder(), "copy.db");
  change(path, `VACUUM INTO '${copy}'`);
  expect(await openStore(copy).get("there")).toMatchObject({
    connectionId: "there",
    wrappedKey: Uint8Array.of(7, 0, 255),
  });
});
