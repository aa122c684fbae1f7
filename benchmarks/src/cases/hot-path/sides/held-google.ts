import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";
import { googleClient } from "../../../setup/google.ts";
import { accessToken, farExpiry, refreshToken } from "../../../setup/inputs.ts";

export const open: OpenSide = async () => {
  const client = googleClient();
  client.setCredentials({
    access_token: accessToken,
    refresh_token: refreshToken,
    expiry_date: farExpiry().getTime(),
  });
  return timed(repeat(() => client.getAccessToken()));
};
