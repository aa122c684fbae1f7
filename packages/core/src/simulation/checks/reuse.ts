import { rotationOf } from "../provider.ts";
import type { TokenRequest } from "../records.ts";
import type { Check, CheckContext } from "./check.ts";
import { excuseOfReuse } from "./window.ts";

/**
 * I1: the provider never sees a spent refresh token again that its rotation no longer allows, but in the window; and a
 * refresh token that may have been spent is sent again only as the recovery of an open intent, under strict rotation not
 * before its wait is over.
 */
export function createReuseCheck({ ledger, mode, times, report }: CheckContext): Check {
  const rotation = rotationOf[mode];

  function mayFollow(earlier: TokenRequest, later: TokenRequest): boolean {
    if (earlier.outcome === "not spent" || rotation.kind === "none") return true;
    const { lease } = later;
    const repeated = earlier.lease === lease && earlier.life === later.life;
    if (repeated) return earlier.outcome === "unclear" && rotation.kind !== "strict";
    if (lease?.found === undefined) return false;
    // Under grace a recovery that comes after the window loses nothing that waiting would have kept.
    return rotation.kind !== "strict" || lease.found.ageMs >= times.recoveryWaitMs;
  }

  return {
    after(event) {
      if (event.kind === "sent") {
        const later = ledger.request(event.request);
        const earlier = ledger.requestsOf(event.refreshToken).filter((sent) => sent !== later);
        if (ledger.isTainted(event.refreshToken)) return;
        const wrong = earlier.find((sent) => !mayFollow(sent, later));
        if (wrong !== undefined) {
          report(
            "I1",
            `${event.refreshToken} was sent by request ${wrong.id} (${wrong.outcome}) and again by ${later.id}`,
          );
        }
      } else if (event.kind === "presented" && event.reuse) {
        const request = ledger.request(event.request);
        if (ledger.isTainted(request.refreshToken)) return;
        if (excuseOfReuse(ledger, mode, request) !== undefined) return;
        report("I1", `the provider saw ${request.refreshToken} again, by request ${request.id}`);
      }
    },
  };
}
