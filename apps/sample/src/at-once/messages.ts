import type { ErrorCode } from "@grantkeeper/core";
import type { EmulatedAddresses } from "../addresses.ts";
import type { ConnectorKey, TokenSetName } from "../connectors.ts";

// What the sample and its second process say to each other, over the channel between the two. No token, key of a database
// or client secret is among it: both read keys from the data directory, and clients of real providers from the environment.

export type ToSecondProcess = Open | Ask;
export type FromSecondProcess = Ready | Answered | Failed;

/** First of all: whose token it will be, and what a keeper for it needs. */
export interface Open {
  readonly kind: "open";
  readonly target: Target;
  readonly dataDirectory: string;
  /** The sample's own. */
  readonly port: number;
  /** Every other provider is a real one. */
  readonly emulated: EmulatedAddresses;
  /** How many milliseconds the sample's clock is ahead of the machine's: more than none in tests only. */
  readonly clockAheadMs: number;
}

/** The keeper is open. */
export interface Ready {
  readonly kind: "ready";
}

/** Once the process is ready. */
export interface Ask extends Moment {
  readonly kind: "ask";
}

/** Nothing is under way any more, and the process ends by itself. */
export interface Answered {
  readonly kind: "answered";
  readonly share: Share;
}

/** In place of `Ready` or `Answered`. Nothing is under way any more here, either. */
export interface Failed {
  readonly kind: "failed";
  readonly code: ErrorCode;
  readonly message: string;
}

/** A token of a connection. Whether the one who asks may have it, the sample has looked up before. */
export interface Target {
  readonly connector: ConnectorKey;
  readonly connectionId: string;
  readonly tokenSet: TokenSetName;
}

/** When a process's callers ask, and how its answer is to be written. */
export interface Moment {
  /** Unix milliseconds of the machine. */
  readonly at: number;
  readonly callers: number;
  /** Random, and made for this one asking: what is hashed with it says nothing to anybody later. */
  readonly digestKey: string;
}

/** What the callers of one process got. */
export interface Share {
  readonly pid: number;
  readonly callers: number;
  /** Of each distinct token a hash, keyed with `digestKey`. */
  readonly tokens: readonly string[];
  /** How often this process's keeper refreshed the token, by its own events. */
  readonly refreshes: number;
}
