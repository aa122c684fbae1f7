import type { OpenSide } from "../../../runner/side.ts";
import { acme, openKeeper } from "../../../setup/grantkeeper.ts";
import { openStore } from "../../../setup/stores.ts";
import { refreshSide } from "../refresh-side.ts";

export const open: OpenSide = refreshSide(async (settings) => {
  const { store, close } = openStore(settings);
  const keeper = openKeeper({ connectors: { acme: acme(String(settings["origin"])) }, store });
  return {
    async keep({ id, refreshToken }) {
      const tokens = { accessToken: `expired-${id}`, refreshToken, expiresAt: new Date(Date.now() - 60_000) };
      const connection = await keeper.adopt("acme", { owner: id, tokens, params: {}, account: { id } });
      return connection.id;
    },
    refresh: (id) => keeper.connection("acme", { id }).token(),
    async close() {
      await keeper.close();
      await close();
    },
  };
});
