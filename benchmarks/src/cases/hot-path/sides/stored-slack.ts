import { MemoryInstallationStore } from "@slack/oauth";
import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";
import { accessToken, farExpiry, refreshToken } from "../../../setup/inputs.ts";
import { installation, openSlack, team } from "../../../setup/slack.ts";

/** It encrypts nothing. */
export const open: OpenSide = async () => {
  const store = new MemoryInstallationStore();
  await store.storeInstallation(installation({ accessToken, refreshToken, expiresAt: farExpiry() }));
  const provider = openSlack(store);
  return timed(repeat(async () => (await provider.authorize(team)).botToken));
};
