import type { OAuth2Client } from "google-auth-library";
import type { OpenSide } from "../../../runner/side.ts";
import { googleClient } from "../../../setup/google.ts";
import { openRows } from "../../../setup/rows.ts";
import { expiredAccessToken, stormSide } from "../storm-side.ts";

interface Row {
  readonly refreshToken: string;
}

/**
 * One client for the user in each process. What the `tokens` event brings is kept, as in
 * https://github.com/googleapis/google-auth-library-nodejs#handling-token-events
 */
export const open: OpenSide = stormSide(async ({ origin, folder }) => {
  const rows = openRows<Row>(folder, "google");
  let client: OAuth2Client;
  return {
    async keep({ id, refreshToken }) {
      await rows.write(id, { refreshToken });
      return { id };
    },
    async ready({ id }) {
      client = googleClient(`${origin}/token`);
      client.setCredentials({
        access_token: expiredAccessToken,
        refresh_token: (await rows.read(String(id)))?.refreshToken ?? null,
        expiry_date: Date.now() - 60_000,
      });
      client.on("tokens", ({ refresh_token: refreshToken }) => {
        if (refreshToken) void rows.write(String(id), { refreshToken });
      });
    },
    token: async () => (await client.getAccessToken()).token ?? undefined,
    // The application's row is right; the client that goes on being used must be, too.
    isKept: async ({ id }, live) =>
      (await rows.read(String(id)))?.refreshToken === live && client.credentials.refresh_token === live,
  };
});
