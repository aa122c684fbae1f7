import type { HistoryEvent, LossCause, Oracle, StoredGrant } from "../history.ts";
import type { Ledger } from "../ledger.ts";
import type { RotationMode } from "../provider.ts";

export const invariants = ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "liveness", "unhandled"] as const;
export type Invariant = (typeof invariants)[number];

export interface Violation {
  readonly invariant: Invariant;
  readonly at: number;
  readonly what: string;
}

/** What each check is given. */
export interface CheckContext {
  readonly ledger: Ledger;
  readonly oracle: Oracle;
  readonly mode: RotationMode;
  readonly times: ProtocolTimes;
  readonly report: (invariant: Invariant, what: string) => void;
  /** Told of each grant that was lost in the window that no client can close. */
  readonly lost: (cause: LossCause) => void;
}

/** In milliseconds. */
export interface ProtocolTimes {
  readonly leaseMs: number;
  readonly recoveryWaitMs: number;
  /** For how long a process may go by what it read. */
  readonly cacheForMs: number;
}

/** How an account's connection answered, when all was well again and its access token had run out. */
export interface LastAnswer {
  readonly process: number;
  readonly account: number;
  readonly askedAt: number;
  readonly accessToken?: string;
  readonly code?: string;
  /** What lay in the row then, and what the provider would have said to it. */
  readonly stored: StoredGrant | undefined;
  readonly dead: ReturnType<Oracle["whyDead"]>;
}

/** Whether a process says that an account needs reauthorization, and its row has said so since it was asked. */
export function isTold(ledger: Ledger, { account, askedAt, code }: LastAnswer): boolean {
  const { marks } = ledger.account(account);
  return code === "reauthorization_required" && marks.some(({ until }) => until >= askedAt);
}

/** Judges events. `before` sees the ledger as it was before the event, `after` as it is then. */
export interface Check {
  before?(event: HistoryEvent): void;
  after?(event: HistoryEvent): void;
  /** When all is over. */
  end?(answers: readonly LastAnswer[]): void;
}

/** Whether reusing a spent refresh token, or losing its answer, may end a grant although the client did nothing wrong. */
export function hasWindow(mode: RotationMode): boolean {
  return mode === "strict" || mode === "strict-refuses" || mode === "grace-short";
}
