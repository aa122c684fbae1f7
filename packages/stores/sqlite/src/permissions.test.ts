import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { GrantkeeperError } from "@grantkeeper/core";
import { describe, expect, onTestFinished, test } from "vitest";
import { sqliteStore } from "./index.ts";
import { createDisk, missingDisk } from "./test/disk.ts";
import { createFolder, errorOf, openStore, runProcesses } from "./test/fixtures.ts";
import { newRow } from "./test/new-row.ts";

const noDisk = missingDisk();

/** A folder that others may pass through, and in it one that all may write. */
function createOpenFolder(): string {
  const outer = createFolder();
  chmodSync(outer, 0o755);
  const folder = join(outer, "data");
  mkdirSync(folder);
  chmodSync(folder, 0o777);
  // A folder that may not be written could not be removed either.
  onTestFinished(() => chmodSync(folder, 0o777));
  return folder;
}

/** A file with one row, which all may write. */
async function createFile(folder: string): Promise<string> {
  const path = join(folder, "grants.db");
  const store = sqliteStore(path);
  await store.insert(newRow("there"));
  await store.close();
  chmodSync(path, 0o666);
  return path;
}

async function openAsNobody(path: string, connectionId: string): Promise<unknown> {
  const [outcome] = await runProcesses("as-nobody.ts", 1, path, connectionId);
  return outcome;
}

const refused = (message: RegExp) => ({
  code: "invalid_config",
  remedy: "fix_config",
  message: expect.stringMatching(message),
});

describe.skipIf(process.platform === "win32")("without the right to write", () => {
  test.each<[string, RegExp, (path: string, folder: string) => string]>([
    ["a file", /file cannot be read and written: let this process/, (path) => path],
    ["a folder", /folder of the file cannot be written: let this process/, (_, folder) => folder],
  ])("F7 %s is refused, keeps its rows, and works once it may be written", async (_, message, lockedOf) => {
    const folder = createOpenFolder();
    const path = await createFile(folder);
    const before = readFileSync(path);
    const locked = lockedOf(path, folder);
    chmodSync(locked, 0o555);
    expect(await openAsNobody(path, "refused")).toMatchObject(refused(message));
    expect(readFileSync(path)).toEqual(before);
    chmodSync(locked, 0o777);
    expect(await openAsNobody(path, "later")).toEqual({ inserted: true });
    const { rows } = await openStore(path).list({ limit: 10 });
    expect(rows.map(({ connectionId }) => connectionId)).toEqual(["there", "later"]);
  });

  test("F7 a companion that is another's is refused, and names it", async () => {
    const path = await createFile(createOpenFolder());
    const owner = openStore(path);
    await owner.insert(newRow("beside"));
    chmodSync(`${path}-wal`, 0o444);
    expect(await openAsNobody(path, "refused")).toMatchObject(refused(/grants\.db-wal$/));
    chmodSync(`${path}-wal`, 0o666);
    chmodSync(`${path}-shm`, 0o666);
    expect(await openAsNobody(path, "later")).toEqual({ inserted: true });
    expect((await owner.list({ limit: 10 })).rows).toHaveLength(3);
  });

  test("F7 a file that may not be created is refused, and none is left", async () => {
    const folder = createOpenFolder();
    chmodSync(folder, 0o555);
    const path = join(folder, "grants.db");
    expect(await openAsNobody(path, "refused")).toMatchObject(refused(/cannot be created: let this process/));
    expect(existsSync(path)).toBe(false);
    chmodSync(folder, 0o777);
    expect(await openAsNobody(path, "later")).toEqual({ inserted: true });
  });
});

describe.skipIf(noDisk)(noDisk ?? "a disk that can only be read", () => {
  test("F7 is refused, keeps its rows, and works once it can be written", async () => {
    const disk = createDisk();
    const path = await createFile(disk.folder);
    disk.setReadOnly(true);
    const store = openStore(path);
    for (const attempt of [store.get("there"), store.insert(newRow("refused"))]) {
      const error = (await errorOf(attempt)) as GrantkeeperError;
      expect({ code: error.code, remedy: error.remedy, message: error.message }).toEqual(
        refused(/cannot be read and written/),
      );
    }
    disk.setReadOnly(false);
    expect(await store.insert(newRow("later"))).toEqual({ inserted: true });
    expect((await store.list({ limit: 10 })).rows.map(({ connectionId }) => connectionId)).toEqual(["there", "later"]);
    await store.close();
  });
});
