import type { LossCause, StoredGrant } from "../history.ts";
import type { TokenRequest } from "../records.ts";
import { type Check, type CheckContext, isTold } from "./check.ts";
import { excuseOf, excuseOfReuse } from "./window.ts";

/**
 * I2: in the end every grant can be refreshed that nobody has revoked and that was not lost in the window; I8: neither a
 * crash outside of it nor an answer in the journal loses one, and one that is lost is noticed.
 */
export function createLossCheck({ ledger, oracle, mode, report, lost }: CheckContext): Check {
  const judged = new Set<string>();
  /** By grant: the first request that reused a spent refresh token, and what excused it then. */
  const reuses = new Map<string, { readonly request: TokenRequest; readonly excuse: LossCause | undefined }>();

  /** Judges a stored refresh token that the provider refuses. */
  function judge({ refreshToken, account }: StoredGrant, at: number): void {
    const dead = oracle.whyDead(refreshToken);
    if (dead !== "reuse" && dead !== "spent" && dead !== "unknown") return;
    if (ledger.isTainted(refreshToken) || judged.has(refreshToken)) return;
    judged.add(refreshToken);
    const spender = ledger.spenderOf(refreshToken);
    const reuse = dead === "reuse" ? reuses.get(oracle.grantOf(refreshToken)) : undefined;
    const takenOverAt = ledger.leasesFor(refreshToken).findLast((lease) => lease !== spender?.lease)?.at ?? at;
    const excuse = reuse === undefined ? excuseOf(ledger, mode, spender, takenOverAt) : reuse.excuse;
    if (excuse !== undefined) {
      lost(excuse);
      return;
    }
    const crashed = (reuse?.request ?? spender)?.life.diedAt !== undefined;
    report(crashed ? "I8" : "I2", `account ${account} was lost: the provider refuses ${refreshToken} (${dead})`);
  }

  return {
    before(event) {
      if (event.kind !== "deleted" || ledger.life(event.life).diedAt !== undefined) return;
      for (const { life, account, purpose } of ledger.openCalls()) {
        if (life.id === event.life && account === event.account && purpose === "disconnect") return;
      }
      report("I2", `account ${event.account} was erased, and nobody had disconnected it`);
    },
    after(event) {
      if (event.kind === "stored" && event.ended !== undefined) judge(event, event.at);
      else if (event.kind === "presented" && event.reuse) {
        const request = ledger.request(event.request);
        const grant = oracle.grantOf(request.refreshToken);
        if (!reuses.has(grant)) reuses.set(grant, { request, excuse: excuseOfReuse(ledger, mode, request) });
      } else if (event.kind === "sent") {
        const request = ledger.request(event.request);
        const { lease, life } = request;
        const note = ledger
          .notes(life.host)
          .find(({ attemptId, spent }) => attemptId === lease?.found?.attemptId && spent === request.refreshToken);
        const { received, life: author, at } = note ?? {};
        const rotated = received !== undefined && received !== request.refreshToken;
        if (!rotated || ledger.isTainted(request.refreshToken)) return;
        // While its author lives, it may have been written after this process had looked for it.
        if (author?.diedAt === undefined || lease === undefined || (at ?? 0) >= lease.at) return;
        report(
          "I8",
          `request ${request.id} spends ${request.refreshToken}, whose successor lies in the journal of its host`,
        );
      }
    },
    end(answers) {
      for (const [, { stored, restoredAt }] of ledger.accounts()) {
        if (stored !== undefined && restoredAt === undefined) judge(stored, Number.POSITIVE_INFINITY);
      }
      for (const answer of answers) {
        const { process, account, accessToken, code, stored, dead } = answer;
        if (stored === undefined || dead !== undefined || accessToken !== undefined) continue;
        if (stored.ended === undefined && isTold(ledger, answer)) continue;
        if (ledger.account(account).restoredAt !== undefined) continue;
        report("I2", `account ${account} has a good grant, and process ${process} got ${code ?? "no answer"}`);
      }
    },
  };
}
