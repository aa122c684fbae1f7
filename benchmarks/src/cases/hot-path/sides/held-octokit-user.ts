import { createOAuthUserAuth } from "@octokit/auth-oauth-user";
import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";
import { accessToken, client, farExpiry, refreshToken } from "../../../setup/inputs.ts";

/** https://github.com/octokit/auth-oauth-user.js#usage, with a token that expires. */
export const open: OpenSide = async () => {
  const auth = createOAuthUserAuth({
    clientType: "github-app",
    clientId: client.id,
    clientSecret: client.secret,
    token: accessToken,
    refreshToken,
    expiresAt: farExpiry().toISOString(),
    refreshTokenExpiresAt: farExpiry().toISOString(),
  });
  return timed(repeat(() => auth()));
};
