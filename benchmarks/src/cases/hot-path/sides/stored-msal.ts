import type { OpenSide } from "../../../runner/side.ts";
import { repeat, timed } from "../../../runner/timed.ts";
import { accessToken, refreshToken } from "../../../setup/inputs.ts";
import { distributedCache, msalAnswer, msalToken, openMsal, signIn } from "../../../setup/msal.ts";

/** It encrypts nothing: a plugin on a Map, as a cache server would be used. */
export const open: OpenSide = async () => {
  const entries = new Map<string, string>();
  const cache = distributedCache(
    async (key) => entries.get(key) ?? "",
    async (key, value) => void entries.set(key, value),
  );
  const answer = async () => ({ status: 200, body: msalAnswer(accessToken, refreshToken, 30 * 24 * 3600) });
  const application = openMsal(answer, cache);
  const account = await signIn(application);
  if ((await msalToken(application, account)) !== accessToken) throw new Error("msal-node has another token.");
  return timed(repeat(() => msalToken(application, account)));
};
