import type { LossCause } from "../history.ts";
import type { Ledger } from "../ledger.ts";
import type { RotationMode } from "../provider.ts";
import type { Life, TokenRequest } from "../records.ts";
import { hasWindow } from "./check.ts";

/** How long after a trouble a process tries again to save what it has, at the latest, and a little more. */
const retryMs = 2_200;

/** For how long a process may go on with what it has begun, its pauses and outages and late messages included. */
export const longestWorkMs = 60_000;

/**
 * What kept the answer of the request that spent a refresh token from being saved until `takenOverAt`, when somebody else
 * began to look for it, where that excuses a lost grant: the answer was lost, unusable or late, or its process died, or stood
 * still or could not reach the store until then, or until its lease was over and others had the row. `undefined` where
 * nothing did, and wherever the rotation leaves a way to repair it.
 */
export function excuseOf(
  ledger: Ledger,
  mode: RotationMode,
  spender: TokenRequest | undefined,
  takenOverAt: number,
): LossCause | undefined {
  if (!hasWindow(mode) || spender === undefined) return undefined;
  const { outcome, cause, life, sentAt, closedAt = sentAt, issued } = spender;
  if (issued !== undefined && ledger.wasStored(issued.refreshToken)) return undefined;
  if (outcome === "unclear") return cause ?? (pausedSince(life, sentAt) ? "pause" : undefined);
  if (outcome === "open") return pausedSince(life, sentAt) ? "pause" : undefined;
  if (outcome !== "tokens") return undefined;
  if (life.diedAt !== undefined) {
    if (ledger.notes(life.host).some(({ attemptId }) => attemptId === spender.lease?.attemptId))
      return "journal out of reach";
    if (life.hinderedUntil >= closedAt) return "store outage and crash";
    if (!life.closed) return "crash";
  }
  const since = Math.min(takenOverAt, spender.lease?.until ?? takenOverAt) - retryMs;
  if (pausedSince(life, Math.max(sentAt, since))) return "pause";
  return life.hinderedUntil >= Math.max(closedAt, since) ? "store outage" : undefined;
}

/**
 * Why the provider may end a grant over a spent refresh token that is presented again: its first answer was not saved, or
 * this request was on its way for so long that another had taken over.
 */
export function excuseOfReuse(ledger: Ledger, mode: RotationMode, request: TokenRequest): LossCause | undefined {
  const spender = ledger.spenderOf(request.refreshToken);
  const excuse = excuseOf(ledger, mode, spender, request.lease?.at ?? request.sentAt);
  return excuse ?? (request.late ? "late request" : undefined);
}

/** Whether a process has stood still at any time since. */
export function pausedSince({ pausedAt, resumedAt }: Life, at: number): boolean {
  return pausedAt !== undefined && (resumedAt === undefined || resumedAt >= at);
}
