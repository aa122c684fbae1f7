import type { JsonObject } from "@grantkeeper/core";
import { type IssuedGrant, issueGrants } from "../../provider/grants.ts";
import type { OpenSide } from "../../runner/side.ts";

/** Of each round. */
const grantCount = 200;

export interface Refresher {
  /** Keeps a grant whose access token has run out, under its id. */
  keep(grant: IssuedGrant): Promise<string>;
  /** Refreshes what is kept, and returns the access token once the new tokens are kept. */
  refresh(kept: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Works off grants that have run out, `atOnce` at a time. */
export function refreshSide(create: (settings: JsonObject) => Promise<Refresher>): OpenSide {
  return async (settings) => {
    const refresher = await create(settings);
    const atOnce = Number(settings["atOnce"]);
    let kept: string[] = [];
    return {
      async prepare() {
        kept = [];
        for (const grant of await issueGrants(String(settings["origin"]), grantCount)) {
          kept.push(await refresher.keep(grant));
        }
        return {};
      },
      async round() {
        const waiting = [...kept];
        const startedAt = performance.now();
        const worker = async (): Promise<void> => {
          for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await refresher.refresh(next);
        };
        await Promise.all(Array.from({ length: atOnce }, worker));
        return { refreshesPerSecond: (grantCount * 1000) / (performance.now() - startedAt) };
      },
      close: refresher.close,
    };
  };
}
