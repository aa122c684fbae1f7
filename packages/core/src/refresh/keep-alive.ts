import type { Environment } from "../environment.ts";
import { isGrantkeeperError } from "../errors.ts";
import type { Logger } from "../events.ts";
import { dueAtOfSet } from "../grant/due.ts";
import type { Grants } from "../grant/grants.ts";
import { type PassOptions, type PassProgress, passOver } from "../grant/pass.ts";
import type { Connectors } from "../provider/connectors.ts";
import type { ClaimedRow, Store } from "../store/port.ts";
import type { Refresh } from "./refresh.ts";

export interface KeepAliveOptions {
  readonly store: Store;
  readonly grants: Grants;
  readonly connectors: Connectors;
  readonly refresh: Refresh;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly leaseMs: number;
}

export type KeepAlive = (options?: PassOptions) => Promise<PassProgress>;

/** So many are refreshed side by side: within the lease that all of them were claimed for. */
const pageSize = 10;

/** Refreshes what is due, so that no provider ends it for being idle. Several processes share the rows among them. */
export function createKeepAlive(options: KeepAliveOptions): KeepAlive {
  const { store, grants, connectors, refresh, logger, leaseMs } = options;
  const { now, randomId } = options.environment;

  async function nextPage(after: string | undefined) {
    await grants.ready();
    const request = { dueUntil: now(), holder: randomId("hld"), durationMs: leaseMs, limit: pageSize, after };
    const { claimed, next } = await store.claimDue(request);
    return { rows: claimed, next };
  }

  async function visit(claimed: ClaimedRow): Promise<"changed" | "left" | "failed"> {
    const { connectionId } = claimed.row;
    let changed = false;
    try {
      const { grant } = await grants.open(claimed.row);
      const connector = await connectors.find(grant.connector, grant.owner);
      // A keeper without that connector leaves the row to one that has it.
      for (const [name, tokenSet] of connector === undefined ? [] : Object.entries(grant.tokenSets)) {
        if (connector === undefined || grant.ended[name] !== undefined) continue;
        const isDue = (set: typeof tokenSet): boolean =>
          (dueAtOfSet(set, connector, connectionId) ?? now() + 1) <= now();
        if (!isDue(tokenSet)) continue;
        await refresh.refreshClaimed(connectionId, name, isDue, claimed.lease.holder);
        changed = true;
      }
      return changed ? "changed" : "left";
    } catch (error) {
      const code = isGrantkeeperError(error) ? error.code : "unknown";
      logger.warn("A connection could not be kept alive", { connectionId, code });
      return "failed";
    } finally {
      // A commit has given the lease back already; then this does nothing. One that cannot be given back runs out.
      await store.release({ lease: claimed.lease }).catch(() => undefined);
    }
  }

  return (pass = {}) => passOver(pass, nextPage, visit);
}
