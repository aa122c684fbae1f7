import { createOAuthUserAuth } from "@octokit/auth-oauth-user";
import { request } from "@octokit/request";
import type { OpenSide } from "../../../runner/side.ts";
import { client, farExpiry } from "../../../setup/inputs.ts";
import { expiredAccessToken, stormSide } from "../storm-side.ts";

/** One strategy for the user in each process: https://github.com/octokit/auth-oauth-user.js#usage */
export const open: OpenSide = stormSide(async ({ origin }) => {
  const toServer: typeof fetch = (_url, init) => fetch(`${origin}/login/oauth/access_token`, init);
  const redirected = request.defaults({ request: { fetch: toServer } });
  let auth: ReturnType<typeof authOf>;
  const authOf = (refreshToken: string) =>
    createOAuthUserAuth({
      clientType: "github-app",
      clientId: client.id,
      clientSecret: client.secret,
      token: expiredAccessToken,
      refreshToken,
      expiresAt: new Date(Date.now() - 60_000).toISOString(),
      refreshTokenExpiresAt: farExpiry().toISOString(),
      request: redirected,
    });
  return {
    keep: async ({ refreshToken }) => ({ refreshToken }),
    async ready({ refreshToken }) {
      auth = authOf(String(refreshToken));
    },
    token: async () => (await auth()).token,
    // It tells nobody of what it has refreshed: the object is all there is.
    async isKept(_kept, live) {
      const held = await auth().catch(() => undefined);
      return held !== undefined && "refreshToken" in held && held.refreshToken === live;
    },
  };
});
