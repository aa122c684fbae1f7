import { jitterOf } from "../../jitter.ts";
import { freshness } from "../../refresh/freshness.ts";
import type { Lease, TokenRequest } from "../records.ts";
import type { Check, CheckContext } from "./check.ts";

const failureHoldMs = 2_000;
const requestsOfAnAttempt = 2;
const rejectedMinimumAgeMs = 30_000;

/**
 * I7: a token request is sent only for a token set that its process finds old, refused or due; at most two by one lease; none
 * by a process within two seconds of its last failure with the same refresh token; and all in all two for each call that may
 * ask for one, and for each other lease that may have made a refresh look again.
 */
export function createBudgetCheck({ ledger, report }: CheckContext): Check {
  function isNeeded({ life, at, account, connectionId, stored }: Lease): boolean {
    if (stored === undefined) return false;
    const { accessToken, obtainedAt, expiresAt } = stored;
    const now = at + life.skewMs;
    if (freshness({ obtainedAt, expiresAt }, now, jitterOf(connectionId)) !== "fresh") return true;
    for (const call of ledger.openCalls()) {
      if (call.life !== life || (call.account !== undefined && call.account !== account)) continue;
      if (call.purpose === "keepAlive") return true;
      if (call.rejected === accessToken && now - obtainedAt >= rejectedMinimumAgeMs) return true;
    }
    return false;
  }

  /** Of each attempt its last request tells how it ended. */
  function holdsOff(request: TokenRequest): boolean {
    const last = new Map<Lease | undefined, TokenRequest>();
    for (const sent of ledger.requestsOf(request.refreshToken)) {
      if (sent.life === request.life && sent.lease !== request.lease) last.set(sent.lease, sent);
    }
    return [...last.values()].every(
      ({ outcome, closedAt = 0 }) =>
        (outcome !== "unclear" && outcome !== "not spent") || request.sentAt - closedAt >= failureHoldMs,
    );
  }

  return {
    after(event) {
      if (event.kind !== "sent") return;
      const request = ledger.request(event.request);
      const { lease, id } = request;
      // By a restored backup's version and fence one may take a row for another that was read before.
      if (lease === undefined || ledger.isTainted(event.refreshToken)) return;
      if (!isNeeded(lease)) report("I7", `request ${id} was sent for a token that was good`);
      const ofLease = ledger.requestsOf(event.refreshToken).filter((sent) => sent.lease === lease).length;
      if (ofLease > requestsOfAnAttempt) report("I7", `request ${id} is the ${ofLease}th of its lease`);
      if (!holdsOff(request)) report("I7", `request ${id} was sent right after a failure`);
    },
    end() {
      for (const [number, { requests, calls, otherLeases, lastRestoredAt }] of ledger.accounts()) {
        const budget = requestsOfAnAttempt * (calls + otherLeases);
        if (lastRestoredAt === undefined && requests > budget) {
          report("I7", `account ${number} cost ${requests} token requests where ${budget} are enough`);
        }
      }
    },
  };
}
