import type { KeeperSetup } from "./worker/messages.ts";

/** In seconds. */
export interface Times {
  readonly callTimeout: number;
  readonly lease: number;
  readonly recoveryWait: number;
  readonly cacheFor: number;
  readonly accessTokenLife: number;
}

/** A call, a lease and the wait for an open intent as short as they may be, so that there are many of them. */
export const shortTimes: Times = { callTimeout: 1, lease: 3, recoveryWait: 6, cacheFor: 1, accessTokenLife: 3 };

/** What of it a keeper is told. */
export function keeperTimes({
  callTimeout,
  lease,
  recoveryWait,
  cacheFor,
}: Times): Pick<KeeperSetup, "refresh" | "cacheFor"> {
  return { refresh: { callTimeout, lease, recoveryWait }, cacheFor };
}
