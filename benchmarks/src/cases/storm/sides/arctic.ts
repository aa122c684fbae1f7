import { OAuth2Client } from "arctic";
import type { OpenSide } from "../../../runner/side.ts";
import { client } from "../../../setup/inputs.ts";
import { openRows } from "../../../setup/rows.ts";
import { expiredAccessToken, stormSide } from "../storm-side.ts";

interface Row {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresAt: number;
}

/** Each caller goes by the application's row: https://arcticjs.dev/guides/generic-oauth2-client */
export const open: OpenSide = stormSide(async ({ origin, folder }) => {
  const rows = openRows<Row>(folder, "arctic");
  const oauth = new OAuth2Client(client.id, client.secret, null);
  return {
    async keep({ id, refreshToken }) {
      await rows.write(id, { accessToken: expiredAccessToken, refreshToken, expiresAt: 0 });
      return { id };
    },
    async token({ id }) {
      const row = await rows.read(String(id));
      if (row === undefined || row.expiresAt > Date.now() + 60_000) return row?.accessToken;
      const tokens = await oauth.refreshAccessToken(`${origin}/token`, row.refreshToken, []);
      const accessToken = tokens.accessToken();
      const expiresAt = tokens.accessTokenExpiresAt().getTime();
      await rows.write(String(id), { accessToken, refreshToken: tokens.refreshToken(), expiresAt });
      return accessToken;
    },
    isKept: async ({ id }, live) => (await rows.read(String(id)))?.refreshToken === live,
  };
});
