import type { Life } from "../records.ts";
import { type Check, type CheckContext, isTold } from "./check.ts";
import { longestWorkMs, pausedSince } from "./window.ts";

/**
 * I6: a connection needs reauthorization if, and only if, the provider refuses its refresh token by then: in its row, in the
 * event and in the error. `rotation_response_lost` is said only of a refresh token whose request had no clear answer, or
 * whose sender was stopped before it could say that there was one, or that it had sent nothing; or that was given for one
 * which was sent again shortly before, or whose predecessor was. `revoked` is not said of one that was lost,
 * unless a request reached the provider long after it was sent.
 */
export function createEndingCheck({ ledger, oracle, times, report }: CheckContext): Check {
  function mayHaveLostAnAnswer(refreshToken: string): boolean {
    const unclear = ledger.requestsOf(refreshToken).some(({ outcome }) => outcome === "unclear" || outcome === "open");
    const [, parent = "", ...before] = oracle.lineage(refreshToken);
    const givenAt = ledger.spenderOf(parent)?.presentedAt ?? 0;
    const sentAgain = [parent, ...before].some((spent) => {
      const uses = [
        ...ledger.leasesFor(spent).map(({ at }) => at),
        ...ledger.requestsOf(spent).map(({ sentAt }) => sentAt),
      ];
      return uses.length > 2 && Math.max(...uses) + longestWorkMs >= givenAt;
    });
    return unclear || sentAgain || ledger.leasesFor(refreshToken).some(({ life, at }) => wasStopped(life, at));
  }

  /** Whether a request reached the provider when nobody could know any more that it was still on its way. */
  function wasHitLate(refreshToken: string): boolean {
    return ledger.requests().some(({ refreshToken: spent, sentAt, presentedAt = sentAt }) => {
      return presentedAt > sentAt + times.recoveryWaitMs && oracle.grantOf(spent) === oracle.grantOf(refreshToken);
    });
  }

  return {
    after(event) {
      if (event.kind === "stored" && event.ended !== undefined) {
        const { refreshToken, ended } = event;
        if (ledger.isTainted(refreshToken)) return;
        const dead = oracle.whyDead(refreshToken);
        if (dead === undefined) {
          report("I6", `${refreshToken} is said to have ended (${ended}), and the provider accepts it`);
        }
        if (ended === "rotation_response_lost" && !mayHaveLostAnAnswer(refreshToken)) {
          report("I6", `${refreshToken} is said to have lost an answer, and nothing kept one from coming`);
        }
        if (ended === "revoked" && (dead === "reuse" || dead === "spent") && !wasHitLate(refreshToken)) {
          report("I6", `${refreshToken} is said to have been revoked, and the provider refuses it for ${dead}`);
        }
      } else if (event.kind === "announced") {
        const own = ledger.account(event.account);
        if (!own.marks.some(({ by }) => by?.id === event.life)) {
          report(
            "I6",
            `life ${event.life} announced that account ${event.account} needs reauthorization, and wrote no such row`,
          );
        }
      }
    },
    before(event) {
      if (event.kind !== "threw" || event.code !== "reauthorization_required") return;
      const call = ledger.call(event.call);
      if (call?.account === undefined) return;
      const since = call.at - times.cacheForMs;
      const { marks, restoredAt, renewedAt = since } = ledger.account(call.account);
      if (restoredAt !== undefined || renewedAt > since || marks.some(({ until }) => until >= since)) return;
      report("I6", `call ${call.id} was told that account ${call.account} needs reauthorization, and no row said so`);
    },
    end(answers) {
      for (const answer of answers) {
        const { process, account, code, stored, dead } = answer;
        if (stored === undefined || ledger.account(account).restoredAt !== undefined) continue;
        // A journal may have repaired the row since, and what the row said has been judged.
        if (stored.ended === undefined && isTold(ledger, answer)) continue;
        const says = code === "reauthorization_required";
        if (says !== (dead !== undefined) || says !== (stored.ended !== undefined)) {
          const state = stored.ended ?? "active";
          report(
            "I6",
            `account ${account}: process ${process} says ${code ?? "good"}, its row ${state}, the provider ${dead ?? "good"}`,
          );
        }
      }
    },
  };
}

/** Whether a process may have been kept from saying what became of what it began then. */
function wasStopped(life: Life, at: number): boolean {
  return life.diedAt !== undefined || pausedSince(life, at) || life.hinderedUntil >= at;
}
