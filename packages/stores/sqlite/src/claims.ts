import type { DatabaseSync } from "node:sqlite";
import { GrantkeeperError } from "@grantkeeper/core";
import type { ClaimedRow, ClaimRequest } from "@grantkeeper/core/store";
import { checkLimit } from "@grantkeeper/core/store";
import { decodeRow, prepareRows, sequenceOf, wholeMilliseconds } from "./rows.ts";
import { transact } from "./transact.ts";

export interface ClaimedPage {
  readonly claimed: readonly ClaimedRow[];
  readonly next: string | undefined;
}

interface Place {
  readonly dueAt: number;
  readonly sequence: number;
}

/** Before every row: sequences begin with 1. */
const beginning: Place = { dueAt: Number.MIN_SAFE_INTEGER, sequence: 0 };

/** Leases what is due in the order of (due_at, sequence), a page in one transaction. */
export function createClaims(database: DatabaseSync, now: () => number): (request: ClaimRequest) => ClaimedPage {
  const selectDue = prepareRows(
    database,
    `FROM grants INDEXED BY grants_by_due
    WHERE due_at <= ? AND (due_at, sequence) > (?, ?) AND (lease_until IS NULL OR lease_until <= ?)
    ORDER BY due_at, sequence LIMIT ?`,
  );
  const updateLease = database.prepare(
    "UPDATE grants SET fence = fence + 1, lease_holder = ?, lease_until = ? WHERE sequence = ?",
  );

  return ({ dueUntil, holder, durationMs, after, limit }) => {
    checkLimit(limit);
    const place = placeOf(after);
    return transact(database, () => {
      const at = now();
      const until = Math.ceil(at + durationMs);
      const found = selectDue.all(wholeMilliseconds(dueUntil), place.dueAt, place.sequence, at, limit);
      const claimed = found.map((values): ClaimedRow => {
        updateLease.run(holder, until, sequenceOf(values));
        const row = decodeRow(values, at);
        const fence = row.fence + 1;
        return {
          lease: { connectionId: row.connectionId, holder, fence },
          row: { ...row, fence, lease: { holder, until } },
        };
      });
      const [last, lastClaimed] = [found.at(-1), claimed.at(-1)];
      // A page that is not full has gone through all that is due.
      if (last === undefined || lastClaimed === undefined || found.length < limit) return { claimed, next: undefined };
      return { claimed, next: `${lastClaimed.row.dueAt}:${sequenceOf(last)}` };
    });
  };
}

function placeOf(after: string | undefined): Place {
  if (after === undefined) return beginning;
  const [, dueAt, sequence] = /^(-?[0-9]{1,16}):([0-9]{1,15})$/.exec(after) ?? [];
  if (dueAt === undefined || sequence === undefined) {
    throw new GrantkeeperError("invalid_request", "A claim goes on only after the `next` of an earlier page.");
  }
  return { dueAt: Number(dueAt), sequence: Number(sequence) };
}
