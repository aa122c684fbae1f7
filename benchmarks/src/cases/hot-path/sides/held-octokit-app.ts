import { generateKeyPairSync } from "node:crypto";
import { createAppAuth } from "@octokit/auth-app";
import { request } from "@octokit/request";
import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";
import { accessToken } from "../../../setup/inputs.ts";

/** An installation's token from the cache that the strategy holds: https://github.com/octokit/auth-app.js#authenticate-as-installation */
export const open: OpenSide = async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const auth = createAppAuth({
    appId: 1,
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    request: request.defaults({ request: { fetch: answerOnce() } }),
  });
  return timed(repeat(() => auth({ type: "installation", installationId: 7 })));
};

/** GitHub's answer to the one request that is made: an installation's token lives for an hour. */
function answerOnce(): typeof fetch {
  let asked = false;
  return async () => {
    if (asked) throw new Error("The strategy has not used its cache.");
    asked = true;
    const expires = new Date(Date.now() + 3600_000).toISOString();
    return Response.json(
      { token: accessToken, expires_at: expires, permissions: { contents: "read" }, repository_selection: "all" },
      { status: 201 },
    );
  };
}
