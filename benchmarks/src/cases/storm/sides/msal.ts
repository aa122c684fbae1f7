import type { AccountInfo } from "@azure/msal-node";
import type { OpenSide } from "../../../runner/side.ts";
import {
  type AnswerTokenRequest,
  distributedCache,
  msalAnswer,
  msalToken,
  openMsal,
  signIn,
} from "../../../setup/msal.ts";
import { openRows } from "../../../setup/rows.ts";
import { expiredAccessToken, stormSide } from "../storm-side.ts";

interface CacheContents {
  readonly RefreshToken: Readonly<Record<string, { readonly secret: string }>>;
}

/** One application object in each process, on one distributed cache. */
export const open: OpenSide = stormSide(async ({ origin, folder }) => {
  const rows = openRows<string>(folder, "msal");
  let granted = "";
  const answer: AnswerTokenRequest = async (form) => {
    // The sign-in, whose access token has run out already.
    if (form.get("grant_type") !== "refresh_token") {
      return { status: 200, body: msalAnswer(expiredAccessToken, granted, 1) };
    }
    const response = await fetch(`${origin}/token`, { method: "POST", body: form });
    const body = (await response.json()) as Readonly<Record<string, unknown>>;
    if (response.status !== 200) return { status: response.status, body };
    const { access_token, refresh_token, expires_in } = body;
    return { status: 200, body: msalAnswer(String(access_token), String(refresh_token), Number(expires_in)) };
  };
  const cache = distributedCache(
    async (key) => (await rows.read(key)) ?? "",
    (key, value) => rows.write(key, value),
  );
  let application = openMsal(answer, cache);
  return {
    async keep({ refreshToken }) {
      granted = refreshToken;
      await rows.write("ada", "");
      application = openMsal(answer, cache);
      return { account: JSON.stringify(await signIn(application)) };
    },
    token: ({ account }) => msalToken(application, JSON.parse(String(account)) as AccountInfo),
    async isKept(_kept, live) {
      const { RefreshToken } = JSON.parse((await rows.read("ada")) ?? "{}") as CacheContents;
      return Object.values(RefreshToken).some(({ secret }) => secret === live);
    },
  };
});
