import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";
import { accountRow, betterAuthToken, inMemory, openBetterAuth, tablesWith } from "../../../setup/better-auth.ts";
import { accessToken, farExpiry, refreshToken } from "../../../setup/inputs.ts";

export const open: OpenSide = async () => {
  const row = await accountRow({ accessToken, refreshToken, expiresAt: farExpiry() });
  const auth = openBetterAuth(inMemory(tablesWith(row)));
  if ((await betterAuthToken(auth)) !== accessToken) throw new Error("better-auth has another token.");
  return timed(repeat(() => betterAuthToken(auth)));
};
