import { FileInstallationStore, MemoryInstallationStore } from "@slack/oauth";
import type { OpenSide } from "../../../runner/side.ts";
import { installation, openSlack, team } from "../../../setup/slack.ts";
import { expiredAccessToken, stormSide } from "../storm-side.ts";

/** On the stores that it brings along. */
export const open: OpenSide = stormSide(async ({ origin, folder }) => {
  const store = folder === undefined ? new MemoryInstallationStore() : new FileInstallationStore({ baseDir: folder });
  const provider = openSlack(store, `${origin}/`);
  return {
    async keep({ refreshToken }) {
      const expiresAt = new Date(Date.now() - 60_000);
      await store.storeInstallation(installation({ accessToken: expiredAccessToken, refreshToken, expiresAt }));
      return {};
    },
    token: async () => (await provider.authorize(team)).botToken,
    isKept: async (_kept, live) => (await store.fetchInstallation(team)).bot?.refreshToken === live,
  };
});
