import { DatabaseSync } from "node:sqlite";
import type { OpenSide } from "../../../runner/side.ts";
import { openStore, sqlitePath } from "../../../setup/stores.ts";
import { operationsSide } from "../operations.ts";
import { fill } from "../rows.ts";

/** node:sqlite on the same tables, with the same statements in the same transactions, equally durable. */
export const open: OpenSide = operationsSide(async (settings) => {
  const { store, close } = openStore(settings);
  await fill(store);
  await close();
  const database = new DatabaseSync(sqlitePath(String(settings["folder"]), String(settings["name"])));
  database.exec("PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON");
  const select = database.prepare("SELECT * FROM grants WHERE connection_id = ?");
  const updateLease = database.prepare(`
    UPDATE grants SET fence = fence + 1, lease_holder = ?, lease_until = ?, intents = ?
    WHERE connection_id = ? AND grant_id = ? AND version = ? AND fence = ?`);
  const updateTokens = database.prepare(`
    UPDATE grants SET grant_id = ?, version = ?, sealed = ?, due_at = ?, token_hashes = ?, lease_holder = NULL,
      lease_until = NULL, intents = '[]', updated_at = ?
    WHERE sequence = ?`);

  function found(connectionId: string): Record<string, unknown> {
    const row = select.get(connectionId);
    if (row === undefined) throw new Error("Nothing was read.");
    return row;
  }

  function transact(synchronous: "FULL" | "NORMAL", work: () => void): void {
    database.exec(`PRAGMA synchronous = ${synchronous}; BEGIN IMMEDIATE`);
    work();
    database.exec("COMMIT");
  }

  return {
    read: found,
    lease(connectionId, { version, fence }, intent) {
      transact("NORMAL", () => {
        found(connectionId);
        const intents = JSON.stringify([{ ...intent, at: Date.now() }]);
        const grantId = connectionId.replace("con", "gnt");
        const until = Date.now() + 30_000;
        const { changes } = updateLease.run("holder", until, intents, connectionId, grantId, version, fence);
        if (changes !== 1) throw new Error("Nothing was leased.");
      });
    },
    commit(connectionId, { version, fence }, payload) {
      transact("FULL", () => {
        const row = found(connectionId);
        if (row["version"] !== version || row["fence"] !== fence) throw new Error("Nothing was committed.");
        const sequence = Number(row["sequence"]);
        const { grantId, sealed, tokenHashes } = payload;
        const hashes = JSON.stringify(tokenHashes);
        updateTokens.run(grantId, payload.version, sealed, null, hashes, Date.now(), sequence);
      });
    },
    async close() {
      database.close();
    },
  };
});
