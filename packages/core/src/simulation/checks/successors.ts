import type { Check, CheckContext } from "./check.ts";

/**
 * I3: versions only rise, no access token is followed by one that was given before it, and each stored refresh token is the last one, comes of it, or is a consent's that was not stored
 * before. A restored backup is excused until a consent has replaced it; what was before the restore must not replace that.
 */
export function createSuccessorCheck({ ledger, oracle, report }: CheckContext): Check {
  function isOlder(accessToken: string, than: string): boolean {
    const givenAt = (token: string): number | undefined =>
      ledger.requests().find(({ issued }) => issued?.accessToken === token)?.presentedAt;
    return (givenAt(accessToken) ?? Number.POSITIVE_INFINITY) < (givenAt(than) ?? Number.NEGATIVE_INFINITY);
  }

  return {
    before(event) {
      if (event.kind !== "stored" || event.cause === "insert") return;
      const { stored, restoredAt } = ledger.account(event.account);
      if (stored === undefined || stored.connectionId !== event.connectionId || restoredAt !== undefined) return;
      if (event.version <= stored.version) report("I3", `version ${event.version} came after ${stored.version}`);
      if (event.refreshToken === stored.refreshToken) {
        if (isOlder(event.accessToken, stored.accessToken))
          report("I3", `${event.accessToken} replaced ${stored.accessToken}, which was given later`);
        return;
      }
      const lineage = oracle.lineage(event.refreshToken);
      const renewed = event.grantId !== stored.grantId;
      const fits = renewed
        ? lineage.length === 1 && !ledger.wasStored(event.refreshToken)
        : lineage.includes(stored.refreshToken);
      if (!fits) report("I3", `${event.refreshToken} replaced ${stored.refreshToken}, of which it does not come`);
    },
  };
}
