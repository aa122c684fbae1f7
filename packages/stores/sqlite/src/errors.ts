import { GrantkeeperError, isGrantkeeperError } from "@grantkeeper/core";

export function invalidConfig(message: string): GrantkeeperError {
  return new GrantkeeperError("invalid_config", message);
}

/** Makes a foreign error a `store_unavailable`. Its message stays behind: it may quote a value. */
export function toStoreError(error: unknown, now: number): GrantkeeperError {
  if (isGrantkeeperError(error)) return error;
  return new GrantkeeperError("store_unavailable", messageOf(error), {
    cause: summaryOf(error),
    retryAt: new Date(now + 1_000),
  });
}

/** By SQLite's result code: what whoever runs the application can do. */
const messages: ReadonlyMap<number | undefined, string> = new Map([
  [5, "The SQLite file is locked by another process for too long: end its transaction."],
  [
    8,
    "The SQLite file can only be read: let this process write the file, its companions -wal and -shm, and its folder.",
  ],
  [10, "The disk of the SQLite file failed: look whether it has room, and what the system says of it."],
  [11, "The SQLite file is damaged: restore a copy."],
  [13, "The SQLite file has no room to grow: make room on its disk."],
  [
    14,
    "The SQLite file, or a companion -wal or -shm of it, cannot be opened: look at its rights, and those of its folder.",
  ],
]);

function messageOf(error: unknown): string {
  const isFull = error instanceof Error && "code" in error && error.code === "ENOSPC";
  return messages.get(isFull ? 13 : resultCode(error)) ?? "The SQLite store could not read or write its file.";
}

/** SQLite's own result code without its extension, of an error of node:sqlite. */
export function resultCode(error: unknown): number | undefined {
  const code = extendedCode(error);
  return code === undefined ? undefined : code & 0xff;
}

function extendedCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error)) return undefined;
  return typeof error.errcode === "number" ? error.errcode : undefined;
}

function summaryOf(error: unknown): Error {
  const parts: string[] = [];
  if (error instanceof Error) {
    parts.push(/^[A-Za-z]{1,64}$/.test(error.name) ? error.name : "Error");
    if ("code" in error && typeof error.code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/.test(error.code)) {
      parts.push(error.code);
    }
    const code = extendedCode(error);
    if (code !== undefined) parts.push(String(code));
  }
  const summary = new Error(parts.join(" ") || typeof error);
  summary.stack = `Error: ${summary.message}`;
  return summary;
}
