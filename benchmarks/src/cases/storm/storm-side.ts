import { setTimeout as delay } from "node:timers/promises";
import type { JsonObject } from "@grantkeeper/core";
import { type IssuedGrant, issueGrants, stateOf } from "../../provider/grants.ts";
import type { OpenSide } from "../../runner/side.ts";

export interface StormPlace {
  readonly origin: string;
  /** A folder that the side's processes share; `undefined` where it has one process, which keeps all in memory. */
  readonly folder: string | undefined;
  /** A key for what is encrypted, the same in all of its processes. */
  readonly key: string;
}

export interface StormClient {
  /** Keeps a grant whose access token has run out; in one process of the side. What it returns is given to all of them. */
  keep(grant: IssuedGrant): Promise<JsonObject>;
  /** Readies a process for that grant, as it would be after having served it before. */
  ready?(kept: JsonObject): Promise<void>;
  /** What one caller does. */
  token(kept: JsonObject): Promise<string | undefined>;
  /** Afterwards, whether what is kept can still be refreshed; `live` is the refresh token that works. */
  isKept(kept: JsonObject, live: string): Promise<boolean>;
  close?(): Promise<void>;
}

/** Many callers at once on one grant that must be refreshed. */
export function stormSide(create: (place: StormPlace) => Promise<StormClient>): OpenSide {
  return async (settings) => {
    const { origin, folder, key, callers, process, processes } = settings;
    const client = await create({
      origin: String(origin),
      folder: processes === 1 ? undefined : String(folder),
      key: String(key),
    });
    const [own, count] = [Number(process), Number(processes)];
    const share = Math.floor(Number(callers) / count) + (own < Number(callers) % count ? 1 : 0);
    let grantId = "";
    async function keepOne(): Promise<JsonObject> {
      const [grant] = await issueGrants(String(origin), 1);
      if (grant === undefined) throw new Error("No grant was issued.");
      grantId = grant.id;
      return client.keep(grant);
    }
    // Whoever refreshes the first time loads what it needs for that: each process has done so before.
    const first = await keepOne();
    await client.ready?.(first);
    await client.token(first);
    return {
      prepare: async () => ({ kept: await keepOne() }),
      async ready({ kept }) {
        await client.ready?.(kept as JsonObject);
      },
      async round({ kept }, startAt) {
        await delay(Math.max(0, startAt - Date.now()));
        const calls = Array.from({ length: share }, () => client.token(kept as JsonObject));
        const settled = await Promise.allSettled(calls);
        const milliseconds = performance.timeOrigin + performance.now() - startAt;
        const served = settled.filter((call) => call.status === "fulfilled" && isToken(call.value));
        return { milliseconds, failedCallers: share - served.length };
      },
      async conclude({ kept }) {
        const { tokenRequests, alive, refreshToken } = await stateOf(String(origin), grantId);
        const isKept = alive && (await client.isKept(kept as JsonObject, refreshToken));
        return { tokenRequests, lostGrants: isKept ? 0 : 1 };
      },
      ...(client.close === undefined ? {} : { close: client.close }),
    };
  };
}

/** What the grant was kept with: whoever gets it was not served. */
export const expiredAccessToken = "expired-access-token";

function isToken(token: string | undefined): boolean {
  return token !== undefined && token !== "" && token !== expiredAccessToken;
}
