import type { Events } from "../events.ts";
import type { Grant } from "../grant/grant.ts";
import type { Grants } from "../grant/grants.ts";
import { changedMeanwhile, type Leases, notConnected } from "../grant/leases.ts";
import type { Revocation, RevocationOutcome } from "../grant/revocation.ts";
import type { RevocationJobs } from "../grant/revocation-jobs.ts";
import type { Connectors } from "../provider/connectors.ts";
import type { TokenSet } from "../provider/token-response.ts";
import type { Refresh } from "../refresh/refresh.ts";
import type { Store } from "../store/port.ts";
import type { TokenCache } from "./token-cache.ts";

export interface DisconnectOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly store: Store;
  readonly leases: Leases;
  readonly refresh: Refresh;
  readonly revocation: Revocation;
  readonly revocationJobs: RevocationJobs;
  readonly cache: TokenCache;
  readonly events: Events;
  readonly now: () => number;
}

/** Ends a grant at the provider and erases it here; what the provider could not be told of is kept as a job. */
export function createDisconnect(options: DisconnectOptions): (connectionId: string) => Promise<RevocationOutcome> {
  const { connectors, grants, store, leases, refresh, revocation, revocationJobs, cache, events, now } = options;

  /** Some providers revoke by access token only: an expired one would leave its refresh token alive there. */
  async function renew(connectionId: string): Promise<void> {
    const open = await grants.read(connectionId);
    if (open === undefined) {
      cache.delete(connectionId);
      throw notConnected();
    }
    const { grant } = open;
    // Whatever the application's code says: it is erased here.
    const connector = await connectors.find(grant.connector, grant.owner).catch(() => undefined);
    if (connector?.revoke?.needsLiveAccessToken !== true) return;
    const isExpired = ({ expiresAt }: TokenSet): boolean => expiresAt !== undefined && expiresAt <= now();
    for (const [name, tokenSet] of Object.entries(grant.tokenSets)) {
      if (!isExpired(tokenSet) || tokenSet.refreshToken === undefined || grant.ended[name] !== undefined) continue;
      // One that could not be renewed is not revoked, and the outcome says so.
      await refresh.refresh(connectionId, name, isExpired, { patience: "tries once" }).catch(() => undefined);
    }
  }

  return async (connectionId) => {
    await renew(connectionId);
    const { ended, outcome } = await leases.hold<{ ended: Grant; outcome: RevocationOutcome }>(
      connectionId,
      async () => ({ kind: "take", intent: undefined, plan: undefined }),
      async ({ grant, row, lease }) => {
        // Whatever kept the provider from being told, it is erased here.
        const outcome = await revocation.revoke(grant, connectionId).catch(() => "pending" as const);
        if (outcome === "pending") await revocationJobs.keep(grant, connectionId);
        const { grantId, version } = row;
        const deleted = await store.delete({ connectionId, grantId, version, fence: lease.fence });
        // A job finds the row's token in use then, and leaves it.
        if (deleted === "deleted") return { ended: grant, outcome };
        throw changedMeanwhile(grant.connector, now());
      },
    );
    cache.delete(connectionId);
    const about = { connector: ended.connector, connectionId };
    const subject = grants.subjectOf(ended);
    if (outcome === "revoked") events.emit("connection.revoked", about, subject);
    events.emit("connection.disconnected", { ...about, revocation: outcome }, subject);
    return outcome;
  };
}
