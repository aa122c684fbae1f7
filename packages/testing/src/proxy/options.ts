import type { AddedFault, FaultScope, NetworkFault } from "./faults.ts";

/** Where a proxy connects to: a TCP port, or the path of a Unix socket. */
export type FaultProxyTarget = { readonly host: string; readonly port: number } | { readonly path: string };

export interface FaultProxyOptions {
  readonly target: FaultProxyTarget;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /**
   * At least 0 and below 1, as `Math.random`, the default. Called when a connection is opened or a fault is added, never
   * by the time at which data come: the same numbers strike the same connections.
   */
  readonly random?: () => number;
}

/** A TCP proxy on the loopback interface that misbehaves as told. */
export interface FaultProxy {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** Connections that are open, on either side, and all that ever came. */
  readonly connections: { readonly open: number; readonly total: number };
  /**
   * Adds a fault behind those that are there, to open connections too. Throws TypeError or RangeError for an option that
   * is none.
   */
  readonly add: (fault: NetworkFault, scope?: FaultScope) => AddedFault;
  /** Removes every fault. */
  readonly clear: () => void;
  /** Refuses connections until `accept`; those that are open stay. */
  readonly refuse: () => Promise<void>;
  /** Listens again, on the same port. Rejects when another has taken it meanwhile. */
  readonly accept: () => Promise<void>;
  /** Resets every open connection, and says how many. */
  readonly drop: () => number;
  /** Stops listening, resets every open connection and waits until all of it is gone. */
  readonly close: () => Promise<void>;
}
