import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface Disk {
  readonly folder: string;
  /** Takes all the room that is left. */
  fill(): void;
  makeRoom(): void;
  setReadOnly(readOnly: boolean): void;
}

/** Why tests on a disk of their own are left out: this process may not mount one, and none is demanded. */
export function missingDisk(): string | undefined {
  try {
    const folder = mount();
    unmount(folder);
    return undefined;
  } catch (error) {
    const reason = "no disk can be mounted: that takes Linux and its administrator's rights";
    if (process.env["GRANTKEEPER_REQUIRE_SERVICES"]) throw new Error(reason, { cause: error });
    return reason;
  }
}

/** A disk of 1 MiB in memory, gone after the test. */
export function createDisk(): Disk {
  const folder = mount();
  onTestFinished(() => unmount(folder));
  const filler = join(folder, "filler");
  return {
    folder,
    fill() {
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    },
    makeRoom: () => rmSync(filler),
    setReadOnly: (readOnly) => run("mount", "-o", `remount,${readOnly ? "ro" : "rw"}`, folder),
  };
}

function mount(): string {
  const folder = mkdtempSync(join(tmpdir(), "grantkeeper-disk-"));
  try {
    run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder);
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
