import { createStatements } from "../../../../../packages/stores/postgres/src/statements.ts";
import type { OpenSide } from "../../../runner/side.ts";
import { openPool } from "../../../setup/postgres.ts";
import { openStore } from "../../../setup/stores.ts";
import { operationsSide } from "../operations.ts";
import { fill } from "../rows.ts";

/** pg on the same tables with the very same statements, prepared: https://node-postgres.com/features/queries#prepared-statements */
export const open: OpenSide = operationsSide(async (settings) => {
  const { store, close } = openStore(settings);
  await fill(store);
  await close();
  const pool = openPool();
  const statements = createStatements(`"${settings["schema"]}_${settings["name"]}"`);

  async function query(name: "get" | "lease" | "commit", values: unknown[]): Promise<Record<string, unknown>> {
    const { rows } = await pool.query<Record<string, unknown>>({ name, text: statements[name], values });
    const [row] = rows;
    if (row === undefined) throw new Error("Nothing was read or changed.");
    return row;
  }

  return {
    read: (connectionId) => query("get", [connectionId]),
    async lease(connectionId, { version, fence }, { tokenSet, attemptId, refreshTokenHash }) {
      const grantId = connectionId.replace("con", "gnt");
      const given = [connectionId, grantId, version, fence, "holder", 30_000, tokenSet, attemptId, refreshTokenHash];
      if ((await query("lease", given))["outcome"] !== "leased") throw new Error("Nothing was leased.");
    },
    commit(connectionId, { version, fence }, payload) {
      const { grantId, sealed, state, identityHash, accountHash, tokenHashes } = payload;
      return query("commit", [
        ...[connectionId, grantId, version, fence, grantId, payload.version, Buffer.from(sealed), state],
        ...[identityHash, accountHash, tokenHashes, null, ["default"]],
      ]);
    },
    close: () => pool.end(),
  };
});
