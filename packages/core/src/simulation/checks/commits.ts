import type { Check, CheckContext } from "./check.ts";

/** I5: no caller is given an access token that no row has held. */
export function createCommitCheck({ ledger, report }: CheckContext): Check {
  return {
    before(event) {
      if (event.kind !== "returned" || event.accessToken === undefined) return;
      if (!ledger.wasCommitted(event.accessToken))
        report("I5", `${event.accessToken} was given away before its commit`);
    },
  };
}
