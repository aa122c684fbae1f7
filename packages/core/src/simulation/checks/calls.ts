import type { Check, CheckContext } from "./check.ts";

/** Many times what a call takes whose process has no trouble of its own: it waits for others' leases, and for its own call. */
const longestMs = 60_000;

/**
 * Every call comes to an end, soon after the last trouble of its process; and what it throws is an error of the keeper's own.
 */
export function createCallCheck({ ledger, report }: CheckContext): Check {
  return {
    before(event) {
      if (event.kind !== "returned" && event.kind !== "threw") return;
      const call = ledger.call(event.call);
      if (call === undefined) return;
      const { life, at, id, purpose } = call;
      const untroubledSince = Math.max(at, life.hinderedUntil, life.resumedAt ?? at);
      if (event.at - untroubledSince > longestMs) {
        report("liveness", `call ${id} (${purpose}) took ${(event.at - untroubledSince) / 1000} s`);
      }
      if (event.kind === "threw" && event.code === "unknown") {
        report("unhandled", `call ${id} (${purpose}) threw something else than an error of the keeper's own`);
      }
    },
  };
}
