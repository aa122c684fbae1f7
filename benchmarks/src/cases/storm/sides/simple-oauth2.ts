import type { OpenSide } from "../../../runner/side.ts";
import { openRows } from "../../../setup/rows.ts";
import { simpleClient } from "../../../setup/simple-oauth2.ts";
import { expiredAccessToken, stormSide } from "../storm-side.ts";

type Row = Record<string, unknown>;

/** Each caller goes by the application's row, as in https://github.com/lelylan/simple-oauth2#refresh-an-access-token */
export const open: OpenSide = stormSide(async ({ origin, folder }) => {
  const rows = openRows<Row>(folder, "simple-oauth2");
  const client = simpleClient(origin);
  return {
    async keep({ id, refreshToken }) {
      const expires_at = new Date(Date.now() - 60_000).toISOString();
      await rows.write(id, { access_token: expiredAccessToken, refresh_token: refreshToken, expires_at });
      return { id };
    },
    async token({ id }) {
      let token = client.createToken((await rows.read(String(id))) ?? {});
      if (token.expired(60)) {
        token = await token.refresh();
        await rows.write(String(id), token.token);
      }
      return String(token.token["access_token"]);
    },
    isKept: async ({ id }, live) => (await rows.read(String(id)))?.["refresh_token"] === live,
  };
});
