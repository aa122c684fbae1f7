import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";
import { accessToken, farExpiry, refreshToken, scopes } from "../../../setup/inputs.ts";
import { simpleClient } from "../../../setup/simple-oauth2.ts";

/** As its documentation refreshes: https://github.com/lelylan/simple-oauth2#refresh-an-access-token */
export const open: OpenSide = async () => {
  let held = simpleClient().createToken({
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_at: farExpiry(),
    scope: scopes.join(" "),
  });
  async function token(): Promise<unknown> {
    if (held.expired(60)) held = await held.refresh();
    return held.token["access_token"];
  }
  return timed(repeat(token));
};
