import { randomUUID } from "node:crypto";
import type { OpenSide } from "../../../runner/side.ts";
import { requestTokens } from "../../../setup/refresh-loop.ts";
import { openDatabase } from "../../../setup/rows.ts";
import { refreshSide } from "../refresh-side.ts";

/** Lease, token request, commit, without encryption and without any care for what may go wrong. As durable as the store. */
export const open: OpenSide = refreshSide(async ({ origin, folder }) => {
  const database = openDatabase(String(folder), "by-hand");
  database.exec(`CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, access_token TEXT, refresh_token TEXT,
    expires_at INTEGER, version INTEGER, lease_holder TEXT, lease_until INTEGER) STRICT`);
  const insert = database.prepare("INSERT INTO grants VALUES (?, ?, ?, ?, 1, NULL, NULL)");
  const lease = database.prepare(`UPDATE grants SET lease_holder = ?, lease_until = ?
    WHERE id = ? AND (lease_until IS NULL OR lease_until < ?) RETURNING refresh_token, version`);
  const commit = database.prepare(`UPDATE grants SET access_token = ?, refresh_token = ?, expires_at = ?,
    version = version + 1, lease_holder = NULL, lease_until = NULL WHERE id = ? AND version = ? AND lease_holder = ?`);
  return {
    async keep({ id, refreshToken }) {
      insert.run(id, `expired-${id}`, refreshToken, 0);
      return id;
    },
    async refresh(id) {
      const holder = randomUUID();
      const now = Date.now();
      // Its loss costs nothing but the lease: the request that follows has not been sent then.
      database.exec("PRAGMA synchronous = NORMAL");
      const row = lease.get(holder, now + 30_000, id, now);
      if (row === undefined) throw new Error("Another has the lease.");
      const tokens = await requestTokens(String(origin), String(row["refresh_token"]));
      const expiresAt = Date.now() + Number(tokens["expires_in"]) * 1000;
      database.exec("PRAGMA synchronous = FULL");
      const given = [String(tokens["access_token"]), String(tokens["refresh_token"]), expiresAt] as const;
      const { changes } = commit.run(...given, id, Number(row["version"]), holder);
      if (changes !== 1) throw new Error("The lease was lost.");
      return tokens["access_token"];
    },
    async close() {
      database.close();
    },
  };
});
