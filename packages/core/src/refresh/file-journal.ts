import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { causeWithoutSecrets, GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import { grantOf } from "../grant/grant.ts";
import { tokenSetsOf } from "../provider/token-response.ts";
import { fromSealed, toSealable } from "../secret.ts";
import type { SealContext, Vault } from "../vault/vault.ts";
import type { Journal, JournalEntry } from "./journal.ts";

export interface FileJournalOptions {
  readonly directory: string;
  readonly vault: Vault;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const suffix = ".journal";

/**
 * Keeps each entry, sealed, in a file of its own. There is no lock and no owner: whether an entry still applies is decided
 * by the row, so that any process of the host may adopt it, even one whose author only seemed to be dead.
 */
export function createFileJournal({ directory, vault, now }: FileJournalOptions): Journal {
  if (typeof directory !== "string" || !isAbsolute(directory)) {
    throw new GrantkeeperError("invalid_config", "journal.directory must be the absolute path of a folder.");
  }

  async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (isGrantkeeperError(error)) throw error;
      throw new GrantkeeperError("store_unavailable", "The journal's folder could not be read or written.", {
        cause: causeWithoutSecrets(error),
        retryAt: new Date(now() + 1_000),
      });
    }
  }

  /** The names of the files, of one connection or of all; none before anything was written. */
  async function names(connectionId?: string): Promise<readonly string[]> {
    const found = await readdir(directory).catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return [];
      throw error;
    });
    return found.filter(
      (name) => name.endsWith(suffix) && (connectionId === undefined || name.startsWith(`${connectionId}.`)),
    );
  }

  function readSealed(name: string): Promise<Uint8Array | undefined> {
    return readFile(join(directory, name)).catch((error: unknown) => {
      // Its author, or another adopter, has just been through with it.
      if (codeOf(error) === "ENOENT") return undefined;
      throw error;
    });
  }

  async function read(name: string): Promise<JournalEntry | undefined> {
    const id = name.slice(0, -suffix.length);
    const sealed = await readSealed(name);
    if (sealed === undefined) return undefined;
    const entry = fromSealed<JournalEntry>(await vault.open(sealed, contextOf(id)));
    return { ...entry, received: tokenSetsOf(entry.received), grant: grantOf(entry.grant) };
  }

  return {
    write: (entry) =>
      attempt(async () => {
        const id = idOf(entry);
        const sealed = await vault.seal(toSealable(entry), contextOf(id));
        await mkdir(directory, { recursive: true, mode: 0o700 });
        const path = join(directory, id + suffix);
        await writeDurably(`${path}.${process.pid}.new`, sealed);
        await rename(`${path}.${process.pid}.new`, path);
        await syncFolder(directory);
      }),
    remove: (entry) => attempt(() => rm(join(directory, idOf(entry) + suffix), { force: true })),
    find: (connectionId) =>
      attempt(async () => {
        const entries = await Promise.all((await names(connectionId)).map(read));
        return entries.filter((entry) => entry !== undefined);
      }),
    sealedBy: () =>
      attempt(async () => {
        const sealed = await Promise.all((await names()).map(readSealed));
        return sealed.flatMap((bytes) => (bytes === undefined ? [] : [vault.keyOf(bytes)]));
      }),
    connectionIds: () =>
      attempt(async () => [...new Set((await names()).map((name) => name.slice(0, name.indexOf("."))))]),
  };
}

/**
 * Ids hold letters, digits, hyphens and underscores, so the dot stands between the two, and no name leads out of the
 * folder.
 */
function idOf({ connectionId, attemptId }: Pick<JournalEntry, "connectionId" | "attemptId">): string {
  return `${connectionId}.${attemptId}`;
}

function contextOf(id: string): SealContext {
  return { kind: "journal", id, version: 1 };
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "w", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name lasts once its folder is on the disk. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    // Windows syncs no folders, and keeps names without.
    if (codeOf(error) !== "EPERM") throw error;
  } finally {
    await folder.close();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
