import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { RawRow, SealedStoreUnderTest, StoreDoor } from "@grantkeeper/testing";
import { sqliteStore } from "../index.ts";
import { bytes, integer, prepareQuery, text } from "../query.ts";

const columns: Readonly<Record<keyof RawRow, string>> = {
  sealed: "sealed",
  wrappedKey: "wrapped_key",
  grantId: "grant_id",
  version: "version",
  ownerHash: "owner_hash",
  connector: "connector",
};

/** A file of its own in a folder of its own, and a door to both. */
export async function makePlace(): Promise<SealedStoreUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "grantkeeper-sqlite-"));
  const path = join(folder, "grants.db");
  return {
    openStore: () => sqliteStore(path),
    door: doorTo(path, folder),
    dispose: () => rm(folder, { recursive: true }),
  };
}

function doorTo(path: string, folder: string): StoreDoor {
  function withDatabase<Result>(work: (database: DatabaseSync) => Result): Result {
    const database = new DatabaseSync(path, { timeout: 1_000 });
    try {
      return work(database);
    } finally {
      database.close();
    }
  }

  return {
    readRow: async (connectionId) =>
      withDatabase((database) => {
        const found = prepareQuery(
          database,
          `SELECT sealed, wrapped_key, version, CAST(grant_id AS BLOB), CAST(owner_hash AS BLOB),
            CAST(connector AS BLOB)
          FROM grants WHERE connection_id = ?`,
        ).get(connectionId);
        if (found === undefined) return undefined;
        const [sealed, wrappedKey, version, grantId, ownerHash, connector] = found;
        return {
          sealed: bytes(sealed),
          wrappedKey: bytes(wrappedKey),
          version: integer(version),
          grantId: text(grantId),
          ownerHash: text(ownerHash),
          connector: text(connector),
        };
      }),
    writeRow: async (connectionId, change) =>
      withDatabase((database) => {
        for (const [name, value] of Object.entries(change)) {
          const column = columns[name as keyof RawRow];
          database.prepare(`UPDATE grants SET ${column} = ? WHERE connection_id = ?`).run(value, connectionId);
        }
      }),
    readFlows: async () =>
      withDatabase((database) =>
        prepareQuery(database, "SELECT CAST(key AS BLOB), sealed FROM flows")
          .all()
          .map(([key, sealed]) => ({ key: text(key), sealed: bytes(sealed) })),
      ),
    writeFlow: async (key, sealed) =>
      withDatabase((database) => void database.prepare("UPDATE flows SET sealed = ? WHERE key = ?").run(sealed, key)),
    // As whoever has the disk reads it. That this takes the locks of this process away disturbs nobody here.
    dump: async () => readdirSync(folder).map((name) => readFileSync(join(folder, name))),
  };
}
