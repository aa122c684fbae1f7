import { join } from "node:path";
import { keyvStore } from "@grantkeeper/core";
import { sqliteStore } from "@grantkeeper/store-sqlite";
import type { OpenSide } from "../../../runner/side.ts";
import { acme, openKeeper } from "../../../setup/grantkeeper.ts";
import { expiredAccessToken, stormSide } from "../storm-side.ts";

const day = 24 * 3600_000;

export const open: OpenSide = stormSide(async ({ origin, folder, key }) => {
  const store = folder === undefined ? keyvStore() : sqliteStore(join(folder, "grantkeeper.db"));
  const options = { connectors: { acme: acme(origin) }, store, keys: [{ id: "benchmark", secret: key }] };
  const keeper = openKeeper(options);
  // On the same store a day later: what is kept is due to be refreshed once more.
  const later = openKeeper({ ...options, now: () => Date.now() + day });
  return {
    async keep({ id, refreshToken }) {
      const tokens = { accessToken: expiredAccessToken, refreshToken, expiresAt: new Date(Date.now() - 60_000) };
      const connection = await keeper.adopt("acme", { owner: id, tokens, params: {}, account: { id } });
      return { id: connection.id };
    },
    token: async ({ id }) => (await keeper.connection("acme", { id: String(id) }).token()).accessToken,
    async isKept({ id }) {
      const { accessToken } = await later.connection("acme", { id: String(id) }).token();
      return accessToken !== "";
    },
    close: keeper.close,
  };
});
