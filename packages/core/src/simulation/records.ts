import type { CallPurpose, LossCause, RequestOutcome, StoredGrant } from "./history.ts";

/** One run of a process, and what befell it. */
export interface Life {
  readonly id: number;
  readonly process: number;
  readonly host: number;
  readonly skewMs: number;
  diedAt: number | undefined;
  closed: boolean;
  /** When it was last paused, and whether it still is. */
  pausedAt: number | undefined;
  resumedAt: number | undefined;
  /** Until when an operation of it on the store has failed or was slow. */
  hinderedUntil: number;
}

export interface Lease {
  readonly life: Life;
  readonly at: number;
  readonly account: number;
  readonly connectionId: string;
  readonly fence: number;
  readonly until: number;
  readonly attemptId: string | undefined;
  readonly found: { readonly attemptId: string; readonly ageMs: number } | undefined;
  /** What lay in the row. */
  readonly stored: StoredGrant | undefined;
}

export interface TokenRequest {
  readonly id: number;
  readonly life: Life;
  readonly refreshToken: string;
  readonly sentAt: number;
  readonly lease: Lease | undefined;
  presentedAt: number | undefined;
  issued: { readonly accessToken: string; readonly refreshToken: string } | undefined;
  closedAt: number | undefined;
  outcome: RequestOutcome | "open";
  cause: LossCause | undefined;
  /** Whether it reached the provider when its process had given it up, or had lost its lease. */
  late: boolean;
}

export interface Call {
  readonly id: number;
  readonly life: Life;
  readonly account: number | undefined;
  readonly purpose: CallPurpose;
  readonly rejected: string | undefined;
  readonly at: number;
}

export interface JournalNote {
  readonly life: Life;
  readonly host: number;
  readonly attemptId: string;
  readonly spent: string;
  readonly received: string | undefined;
  readonly at: number;
}

/** What one has to know of an account to judge what comes next. */
export interface Account {
  stored: StoredGrant | undefined;
  /** Each row content that said so, and until when it stood. */
  readonly marks: { readonly by: Life | undefined; readonly from: number; until: number }[];
  /** When a backup of it was restored that no consent has replaced since. */
  restoredAt: number | undefined;
  /** When one was restored last, and when a consent replaced it. */
  lastRestoredAt: number | undefined;
  renewedAt: number | undefined;
  /** How many leases were taken to refresh it, and to do something else. */
  calls: number;
  requests: number;
  otherLeases: number;
}
