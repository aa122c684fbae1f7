import type { ErrorCode } from "../errors.ts";
import type { ReauthorizationReason } from "../grant/grant.ts";
import type { RefreshIntent } from "../store/port.ts";
import type { EndReason } from "./provider.ts";

/** What happened, as an all-seeing observer writes it down. `at` is virtual time, whatever the clocks of its parties say. */
export type HistoryEvent = { readonly at: number } & Happening;

export type Happening =
  /** A life is one run of a process, from its start to its end. */
  | {
      readonly kind: "born";
      readonly life: number;
      readonly process: number;
      readonly host: number;
      readonly skewMs: number;
    }
  /** `closed`: it stopped as an application does, and its keeper said that it may. */
  | { readonly kind: "died"; readonly life: number; readonly closed: boolean }
  | { readonly kind: "paused" | "resumed"; readonly life: number }
  /** One of its operations on the store, or on the journal, has failed, or takes long: until then. */
  | { readonly kind: "hindered"; readonly life: number; readonly until: number }
  | {
      readonly kind: "called";
      readonly call: number;
      readonly life: number;
      /** `undefined` for a pass over all of them. */
      readonly account: number | undefined;
      readonly purpose: CallPurpose;
      readonly rejected: string | undefined;
    }
  /** A call is over, by the end of its process at the latest. */
  | { readonly kind: "returned"; readonly call: number; readonly accessToken: string | undefined }
  | { readonly kind: "threw"; readonly call: number; readonly code: ErrorCode | "unknown" }
  | {
      readonly kind: "announced";
      readonly life: number;
      readonly account: number;
      readonly reason: ReauthorizationReason;
    }
  | ({ readonly kind: "stored"; readonly life: number | undefined; readonly cause: "insert" | "commit" } & StoredGrant)
  /** A backup of one row. */
  | ({ readonly kind: "restored" } & StoredGrant)
  | { readonly kind: "deleted"; readonly life: number; readonly account: number }
  | {
      readonly kind: "leased";
      readonly life: number;
      readonly account: number;
      readonly connectionId: string;
      readonly fence: number;
      readonly until: number;
      readonly intent: RefreshIntent | undefined;
      /** An intent for the same refresh token that was open then, and its age. */
      readonly found: { readonly attemptId: string; readonly ageMs: number } | undefined;
    }
  /** A token request left its process. */
  | { readonly kind: "sent"; readonly request: number; readonly life: number; readonly refreshToken: string }
  /** It has reached the provider, which acted on it. */
  | {
      readonly kind: "presented";
      readonly request: number;
      readonly issued: { readonly accessToken: string; readonly refreshToken: string } | undefined;
      readonly reuse: boolean;
    }
  /** What its process knows of it: from then on it waits no longer. */
  | { readonly kind: "closed"; readonly request: number; readonly outcome: RequestOutcome; readonly cause?: LossCause }
  | {
      readonly kind: "journalled";
      readonly life: number;
      readonly host: number;
      readonly attemptId: string;
      readonly spent: string;
      readonly received: string | undefined;
    }
  | { readonly kind: "unjournalled"; readonly host: number; readonly attemptId: string };

export type CallPurpose = "token" | "consent" | "disconnect" | "setMetadata" | "rotateKeys" | "keepAlive" | "close";

/** What lies in a row, opened. */
export interface StoredGrant {
  readonly account: number;
  readonly connectionId: string;
  readonly grantId: string;
  readonly version: number;
  readonly refreshToken: string;
  readonly accessToken: string;
  readonly obtainedAt: number;
  readonly expiresAt: number;
  readonly ended: ReauthorizationReason | undefined;
}

/**
 * `tokens`: a new refresh token came, whether or not the rest could be used. `not spent`: the answer says, or the lack of a
 * connection, that nothing was done. `unclear`: anything may have been.
 */
export type RequestOutcome = "tokens" | "refused" | "not spent" | "unclear";

/** What can keep a provider's answer from being saved. */
export type LossCause =
  | "answer lost"
  | "answer unusable"
  | "late"
  | "crash"
  | "pause"
  | "store outage"
  | "store outage and crash"
  /** It is written down, on another host than that of the process which looked for it. */
  | "journal out of reach"
  | "late request";

/** What the provider says when it is asked beside the protocol. */
export interface Oracle {
  /** Why a refresh token would be refused now; `undefined` while it would not be. */
  whyDead(refreshToken: string): EndReason | "spent" | "unknown" | undefined;
  /** The refresh tokens that led to this one, itself included, from a consent on. */
  lineage(refreshToken: string): readonly string[];
  /** Names the grant that a refresh token belongs to. */
  grantOf(refreshToken: string): string;
  /** Whose it is; `undefined` where the provider does not know it. */
  accountOf(refreshToken: string): number | undefined;
}
