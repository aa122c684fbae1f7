import type { Check, CheckContext } from "./check.ts";
import { longestWorkMs, pausedSince } from "./window.ts";

/**
 * I4: no two token requests of one connection are on their way at once, unless the process of the first one stands still, or
 * a backup was restored shortly before, whose fences are given a second time; and none is sent without a lease.
 */
export function createOverlapCheck({ ledger, report }: CheckContext): Check {
  return {
    after(event) {
      if (event.kind !== "sent") return;
      const later = ledger.request(event.request);
      const { lease } = later;
      if (lease === undefined) {
        report("I4", `request ${later.id} was sent without a lease`);
        return;
      }
      for (const earlier of ledger.requests()) {
        if (earlier === later || earlier.outcome !== "open" || earlier.lease?.connectionId !== lease.connectionId)
          continue;
        if (pausedSince(earlier.life, earlier.sentAt)) continue;
        const { lastRestoredAt } = ledger.account(lease.account);
        if (lastRestoredAt !== undefined && lastRestoredAt + longestWorkMs >= Math.min(earlier.lease.at, lease.at))
          continue;
        report("I4", `request ${later.id} was sent while request ${earlier.id} was on its way`);
      }
    },
  };
}
