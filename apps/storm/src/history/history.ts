/**
 * What happened in a storm, as the provider's witness and the processes themselves wrote it down. The check judges this
 * and nothing else, so that it can be tried on a history made by hand.
 */
export interface History {
  readonly settings: Settings;
  /** What reached the provider's token endpoint, and the tokens that connections were filled with, by time of arrival. */
  readonly requests: readonly TokenRequest[];
  readonly processes: readonly ProcessHistory[];
  /** Grants that were ended on purpose: by their user at the provider, or by a disconnect. */
  readonly userEnds: readonly UserEnd[];
  readonly kills: readonly Kill[];
  readonly pauses: readonly Pause[];
  readonly faults: readonly FaultEpisode[];
  /** How many spent refresh tokens were presented, by the provider's own count. */
  readonly reuseDetected: number;
  /** Each connection that is there in the end, and how its last refresh went. */
  readonly final: readonly FinalState[];
}

/** Microseconds of the machine's monotonic clock, which all its processes share. */
export type Time = number;
/** Worker and incarnation, such as `3.2`; `0` is the orchestrator. */
export type ProcessId = string;
/** A digest of an access or a refresh token. */
export type TokenHash = string;

export type RotationKind = "strict" | "grace" | "untilUsed" | "none";

export interface Settings {
  readonly rotation: RotationKind;
  /** When the storm began. */
  readonly startedAt: Time;
  readonly lease: Time;
  readonly recoveryWait: Time;
  /** For how long a process may go on serving what it has read. */
  readonly cacheFor: Time;
  readonly accessTokenLife: Time;
}

/** One request to the token endpoint, as the witness in front of the provider saw it. */
export interface TokenRequest {
  /** The sender's own id of it; `seed-…` for the tokens that a connection was filled with. */
  readonly id: string;
  readonly process: ProcessId;
  /** A consent issues the first tokens of a grant. */
  readonly kind: "refresh" | "consent";
  readonly presented: TokenHash | undefined;
  readonly startedAt: Time;
  /** When the answer had been sent, or the connection was gone and the provider was done. */
  readonly endedAt: Time;
  /**
   * `issued`: new tokens. `refused`: `invalid_grant`. `withheld`: an injected fault answered before the provider judged it.
   * `other`: anything else that the provider answered.
   */
  readonly outcome: "issued" | "refused" | "withheld" | "other";
  /** The error code, the status or the fault. */
  readonly detail: string;
  readonly access: TokenHash | undefined;
  /** The refresh token that is good afterwards: the presented one where none was issued. */
  readonly refresh: TokenHash | undefined;
  /** After `refused`: the refresh tokens of this grant that the provider would still take. */
  readonly alive: readonly TokenHash[] | undefined;
}

export interface UserEnd {
  readonly at: Time;
  readonly by: "user" | "disconnect";
  readonly refresh: TokenHash;
}

export const killPoints = [
  "before-send",
  "after-provider-commit",
  "after-response",
  "after-commit",
  "before-release",
] as const;
export type KillPoint = (typeof killPoints)[number];
/** Those at which a strict provider has spent the refresh token, and nobody else has the new one. */
export const spendingPoints: readonly KillPoint[] = ["after-provider-commit", "after-response"];

export interface Kill {
  readonly process: ProcessId;
  readonly at: Time;
  readonly point: KillPoint | "random";
  /** What was being refreshed, at a named point. */
  readonly connection: string | undefined;
  readonly request: string | undefined;
}

/** A process that did not run: stopped by a signal, or stalled because the machine had no time for it. */
export interface Pause {
  readonly process: ProcessId;
  readonly kind: "stopped" | "stalled";
  readonly from: Time;
  readonly to: Time;
}

export interface FaultEpisode {
  readonly between: "provider" | "store";
  readonly fault: string;
  readonly from: Time;
  readonly to: Time;
}

export interface FinalState {
  readonly connection: string;
  /** `refreshed`: a new access token was given. `ended`: only a new consent helps. Else the code of the error. */
  readonly outcome: string;
  readonly reason: string | undefined;
}

export interface ProcessHistory {
  readonly process: ProcessId;
  /** In the order in which they were written down. */
  readonly events: readonly ProcessEvent[];
}

/** All work that one call of the application sets off has the call's number: `flow`. */
export type ProcessEvent =
  /** The store gave a lease. `intent`: the keyed hash of the refresh token that is about to be sent. */
  | {
      readonly kind: "leased";
      readonly at: Time;
      /** When it was asked for. */
      readonly since: Time;
      readonly flow: number;
      readonly connection: string;
      readonly version: number;
      readonly fence: number;
      readonly intent: string | undefined;
    }
  /** A token request is about to leave. */
  | {
      readonly kind: "sent";
      readonly at: Time;
      readonly flow: number;
      readonly request: string;
      readonly connection: string | undefined;
      readonly presented: TokenHash | undefined;
    }
  /** Its answer is here, whole, and nobody has read it yet. */
  | {
      readonly kind: "received";
      readonly at: Time;
      readonly request: string;
      readonly status: number;
      readonly access: TokenHash | undefined;
      readonly refresh: TokenHash | undefined;
    }
  /** No whole answer came, or it came when it was no longer waited for. */
  | { readonly kind: "unanswered"; readonly at: Time; readonly request: string; readonly why: "timed-out" | "broken" }
  /** The store is about to be asked for a change of a row; `from` is missing where the row is new. */
  | {
      readonly kind: "committing";
      readonly at: Time;
      readonly call: number;
      readonly flow: number;
      readonly connection: string;
      readonly from: { readonly grantId: string; readonly version: number; readonly fence: number } | undefined;
      readonly to: StoredPayload;
    }
  | {
      readonly kind: "deleting";
      readonly at: Time;
      readonly call: number;
      readonly connection: string;
      readonly version: number;
    }
  /** What the store said to it. `failed`: it may have been done all the same. */
  | { readonly kind: "settled"; readonly at: Time; readonly call: number; readonly outcome: SettledOutcome }
  /** The store could not be read, or a lease could not be had or given back. */
  | { readonly kind: "unreachable"; readonly at: Time; readonly flow: number }
  /** A row was read. Written down when it is not as this process saw it last. */
  | {
      readonly kind: "seen";
      readonly at: Time;
      readonly since: Time;
      readonly connection: string;
      readonly grantId: string;
      readonly version: number;
    }
  /** A caller got an access token, for the first time in this process. */
  | { readonly kind: "given"; readonly at: Time; readonly connection: string; readonly access: TokenHash }
  /** An access token is about to be sent to the provider's API, for the first time in this process. */
  | { readonly kind: "used"; readonly at: Time; readonly access: TokenHash }
  /** A caller that asked at `since` got this error. */
  | {
      readonly kind: "told";
      readonly at: Time;
      readonly since: Time;
      readonly connection: string;
      readonly code: string;
    }
  /** The keeper said so to its listeners. */
  | { readonly kind: "ended"; readonly at: Time; readonly connection: string; readonly reason: string }
  /** The status of a connection that has ended. */
  | { readonly kind: "status"; readonly at: Time; readonly connection: string; readonly reason: string }
  /** This process did not get its turn from `from` on, or was stopped. */
  | { readonly kind: "stalled"; readonly at: Time; readonly from: Time }
  /** This process is about to kill or stop itself. */
  | {
      readonly kind: "reached";
      readonly at: Time;
      readonly point: KillPoint;
      readonly action: "kill" | "stop";
      readonly connection: string | undefined;
      readonly request: string | undefined;
    }
  /** A pass of `rotateKeys` came to its end. */
  | { readonly kind: "rewrapped"; readonly at: Time; readonly rows: number };

export interface StoredPayload {
  readonly grantId: string;
  readonly version: number;
  readonly state: "active" | "needs_reauthorization";
  /** The keyed hash of its refresh token: the same for the same token in all processes. */
  readonly key: string | undefined;
}

export type SettledOutcome = "committed" | "superseded" | "identity_taken" | "taken" | "deleted" | "failed";
