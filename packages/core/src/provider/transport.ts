import type { Environment } from "../environment.ts";
import { sendOnFreshSocket } from "./fresh-socket.ts";
import { guardedSendOf } from "./guard.ts";
import { type Fetch, type Send, type Transfer, transfer } from "./http.ts";

export interface TransportOptions {
  /** The application's own. Left out: Node's, and a socket of its own for a request that must not meet a dying one. */
  readonly fetch: Fetch | undefined;
  readonly after: Environment["after"];
  /** For the whole of one request. */
  readonly callTimeoutMs: number;
}

export interface TransportRequest {
  /** Whether a connection that others have used before will not do. */
  readonly freshSocket: boolean;
  /** Asked right before the request leaves; where it says no, the outcome is `withheld`. */
  readonly maySend: () => boolean;
}

/** Carries requests to providers. Never throws. */
export type Transport = (url: string, init: RequestInit, request?: TransportRequest) => Promise<Transfer>;

export function createTransport({ fetch, after, callTimeoutMs }: TransportOptions): Transport {
  // One that guards has a connection for each request, and asks when that stands.
  const fetched = guardedSendOf(fetch) ?? sendBy(fetch ?? ((url, init) => globalThis.fetch(url, init)));
  return (url, init, request) => {
    const send = request?.freshSocket === true && fetch === undefined ? sendOnFreshSocket : fetched;
    const limits = { timeoutMs: callTimeoutMs, after };
    return transfer(send, url, init, request === undefined ? limits : { ...limits, maySend: request.maySend });
  };
}

/** A `fetch` does not tell when it sends, so it is asked before. */
export function sendBy(fetch: Fetch): Send {
  return async (url, init, mayLeave) => {
    if (!mayLeave()) throw new Error("not sent");
    return fetch(url, init);
  };
}
