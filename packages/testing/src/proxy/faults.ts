/** `upstream`: towards the target. `downstream`: towards the client. */
export type Direction = "upstream" | "downstream";

/**
 * What the network does to a connection, from the moment that it strikes it. Times in milliseconds. A `direction` that is
 * left out is both.
 */
export type NetworkFault =
  | LatencyFault
  | BandwidthFault
  | SliceFault
  | HoldFault
  | SlowCloseFault
  | SwallowFault
  | LoseResponseFault
  | CutFault
  | ResetFault;

/** Data and their end arrive `delayMs` later, give or take `jitterMs`. */
export interface LatencyFault {
  readonly kind: "latency";
  readonly delayMs: number;
  readonly jitterMs?: number;
  readonly direction?: Direction;
}

export interface BandwidthFault {
  readonly kind: "bandwidth";
  readonly bytesPerSecond: number;
  readonly direction?: Direction;
}

/** Data pass in pieces of `bytes`, give or take `jitterBytes`, each `delayMs` after the last. */
export interface SliceFault {
  readonly kind: "slice";
  readonly bytes: number;
  readonly jitterBytes?: number;
  readonly delayMs: number;
  readonly direction?: Direction;
}

/** Data wait until the fault is removed, and arrive then: a partition that heals. */
export interface HoldFault {
  readonly kind: "hold";
  readonly direction?: Direction;
}

/** The end of the data (FIN) passes `delayMs` later than they do. */
export interface SlowCloseFault {
  readonly kind: "slowClose";
  readonly delayMs: number;
  readonly direction?: Direction;
}

/** Data are lost, and their end too. The connection is closed after `closeAfterMs`; left out: it stays open, and silent. */
export interface SwallowFault {
  readonly kind: "swallow";
  readonly closeAfterMs?: number;
  readonly direction?: Direction;
}

/**
 * What the client sends is delivered, and nothing comes back. `resetAfterMs` after the response has begun, and not before
 * all that the client had sent is passed on, the client's side is reset and the target's ends. Left out: it hangs until
 * the client ends it.
 */
export interface LoseResponseFault {
  readonly kind: "loseResponse";
  readonly resetAfterMs?: number;
}

/**
 * The connection ends once `afterBytes` have passed; 0: at the first byte, which does not pass. As everywhere, a reset
 * overtakes what the system has not yet handed to the receiver: one that reads slowly gets less.
 */
export interface CutFault {
  readonly kind: "cut";
  readonly direction: Direction;
  readonly afterBytes: number;
  readonly by: "close" | "reset";
}

/** The connection is reset (RST) on both sides after `afterMs`. */
export interface ResetFault {
  readonly kind: "reset";
  readonly afterMs: number;
}

/** Which connections a fault strikes. Left out: every one, those that are open and those that come. */
export interface FaultScope {
  /** `open`: those that are open when the fault is added. `new`: those that come later. */
  readonly connections?: "open" | "new";
  /** 0 to 1: the chance of each connection, or with `when` of each time that it answers true. Left out: 1. */
  readonly probability?: number;
  /** How many connections it strikes before it stops. */
  readonly atMost?: number;
  /**
   * Strikes a connection only when the client sends such data. Called with what was read, up to 64 KiB from anywhere in
   * the stream, before it is passed on.
   */
  readonly when?: (sent: Buffer) => boolean;
}

/** A fault that was added to a proxy. */
export interface AddedFault {
  /** How many connections it has struck. */
  readonly struck: number;
  /**
   * Strikes no more, and lets go of open connections: what it delayed is passed on at once, in order, and what it would
   * have ended stays. Where it has lost bytes the connection stays silent, for TCP knows no gaps.
   */
  readonly remove: () => void;
}
