import { getMigrations } from "better-auth/db/migration";
import type { OpenSide } from "../../../runner/side.ts";
import {
  accountId,
  accountRow,
  betterAuthToken,
  decrypted,
  inMemory,
  openBetterAuth,
  tablesWith,
  userRow,
} from "../../../setup/better-auth.ts";
import { openDatabase } from "../../../setup/rows.ts";
import { expiredAccessToken, stormSide } from "../storm-side.ts";

const where = [{ field: "id", value: accountId }];

/** In memory, or on node:sqlite: https://www.better-auth.com/docs/adapters/sqlite */
export const open: OpenSide = stormSide(async ({ origin, folder }) => {
  const database = folder === undefined ? inMemory(tablesWith()) : openDatabase(folder, "better-auth");
  const auth = openBetterAuth(database, origin);
  const { adapter, internalAdapter } = await auth.$context;
  if (folder !== undefined) {
    const { runMigrations } = await getMigrations(auth.options);
    await runMigrations();
  }
  return {
    async keep({ refreshToken }) {
      const expiresAt = new Date(Date.now() - 60_000);
      const account = await accountRow({ accessToken: expiredAccessToken, refreshToken, expiresAt });
      const user = userRow();
      if ((await internalAdapter.findUserById(user.id)) === null) {
        await adapter.create({ model: "user", data: user, forceAllowId: true });
      }
      await adapter.delete({ model: "account", where });
      await adapter.create({ model: "account", data: account, forceAllowId: true });
      return {};
    },
    token: () => betterAuthToken(auth),
    async isKept(_kept, live) {
      const row = await adapter.findOne<{ readonly refreshToken: string }>({ model: "account", where });
      return row !== null && (await decrypted(row.refreshToken)) === live;
    },
  };
});
