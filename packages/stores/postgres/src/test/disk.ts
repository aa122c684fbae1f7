import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pool } from "pg";
import { onTestFinished } from "vitest";
import { createPool, newSchemaName, url } from "./server.ts";

export interface Disk {
  /** The tablespace that lies on it. */
  readonly tablespace: string;
  /** Takes all the room that is left. */
  fill(): void;
  makeRoom(): void;
}

/** Why tests on a disk of PostgreSQL's are left out: it takes a server on this machine, and an administrator's rights. */
export async function missingDisk(): Promise<string | undefined> {
  const pool = createPool();
  try {
    await ownerOfServer(pool);
    const folder = mount();
    unmount(folder);
    return undefined;
  } catch (error) {
    const reason =
      "no disk can be given to PostgreSQL: that takes a server on this machine and its administrator's rights";
    if (process.env["GRANTKEEPER_REQUIRE_SERVICES"]) throw new Error(reason, { cause: error });
    return reason;
  } finally {
    await pool.end();
  }
}

/** A disk of 4 MiB in memory with a tablespace on it. What is made there must be dropped before the test's end. */
export async function createDisk(pool: Pool): Promise<Disk> {
  const { uid, gid } = await ownerOfServer(pool);
  const folder = mount();
  const tablespace = newSchemaName();
  const [location, filler] = [join(folder, "tablespace"), join(folder, "filler")];
  mkdirSync(location);
  chownSync(location, uid, gid);
  await pool.query(`CREATE TABLESPACE "${tablespace}" LOCATION '${location}'`);
  onTestFinished(async () => {
    await pool.query(`DROP TABLESPACE "${tablespace}"`);
    unmount(folder);
  });
  return {
    tablespace,
    fill() {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    },
    makeRoom: () => rmSync(filler),
  };
}

/** The user that runs the server, by the owner of its files. */
async function ownerOfServer(pool: Pool): Promise<{ readonly uid: number; readonly gid: number }> {
  const { hostname } = new URL(url);
  if (hostname !== "127.0.0.1" && hostname !== "localhost") throw new Error("the server is on another machine");
  const { rows } = await pool.query("SHOW data_directory");
  return statSync(String(rows[0]?.["data_directory"]));
}

function mount(): string {
  const folder = mkdtempSync(join(tmpdir(), "grantkeeper-disk-"));
  try {
    run("mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "tmpfs", folder);
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  return folder;
}

function unmount(folder: string): void {
  run("umount", folder);
  rmdirSync(folder);
}

function run(command: string, ...given: readonly string[]): void {
  execFileSync(command, given, { stdio: "pipe" });
}
