import { connect, type Socket } from "node:net";
import { createFlow, type Flow } from "./flow.ts";
import type { FaultProxyTarget } from "./options.ts";

/** A client's connection and the one to the target, as one. */
export interface Connection {
  readonly upstream: Flow;
  readonly downstream: Flow;
  /** Calls `look` with what the client sends, before it is passed on, until the returned function is called. */
  readonly watch: (look: (sent: Buffer) => void) => () => void;
  /** Calls `act` after so many ms, 0 at once, unless the connection is over or the returned function was called. */
  readonly later: (ms: number, act: () => void) => () => void;
  /** Ends both sides by RST; the target's once it is connected. */
  readonly reset: () => void;
  /** Ends both sides by FIN; what waits is lost. */
  readonly close: () => void;
  /** Resets the client's side, and ends the target's when it has got all that the client had sent. */
  readonly abandonClient: () => void;
  /** Resets without waiting for anything. */
  readonly destroy: () => void;
  /** Nothing passes any more, though a socket may still wait for its peer's FIN. */
  readonly isOver: () => boolean;
  /** Resolves when both sockets are closed. */
  readonly closed: Promise<void>;
}

export function openConnection(client: Socket, to: FaultProxyTarget): Connection {
  const target = connect({ ...to, allowHalfOpen: true, noDelay: true });
  const watchers = new Set<(sent: Buffer) => void>();
  const timers = new Set<NodeJS.Timeout>();
  let isOver = false;
  let ended = 0;

  const events = { ended: endBoth, close, reset };
  const upstream = createFlow(client, target, {
    ...events,
    read: (sent) => {
      for (const look of watchers) look(sent);
    },
  });
  const downstream = createFlow(target, client, { ...events, read: () => {} });
  for (const socket of [client, target]) socket.on("error", reset);
  const closed = Promise.all([client, target].map(isClosed)).then(stop);

  /** A direction whose end was lost leaves a socket that nobody will end. */
  function endBoth(): void {
    ended += 1;
    if (ended < 2) return;
    client.destroySoon();
    target.destroySoon();
  }

  function stop(): void {
    isOver = true;
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
    upstream.stop();
    downstream.stop();
  }

  function reset(): void {
    stop();
    resetSocket(client);
    // A Unix socket knows no RST.
    if ("path" in to) target.destroy();
    else resetSocket(target);
  }

  function close(): void {
    stop();
    client.end();
    target.end();
  }

  return {
    upstream,
    downstream,
    watch: (look) => {
      watchers.add(look);
      return () => watchers.delete(look);
    },
    later: (ms, act) => {
      if (ms === 0) {
        act();
        return () => {};
      }
      const timer = setTimeout(() => {
        timers.delete(timer);
        act();
      }, ms);
      timers.add(timer);
      return () => {
        clearTimeout(timer);
        timers.delete(timer);
      };
    },
    reset,
    close,
    abandonClient: () =>
      upstream.whenDelivered(() => {
        resetSocket(client);
        upstream.end();
      }),
    destroy: () => {
      reset();
      if (target.connecting) target.destroy();
    },
    isOver: () => isOver,
    closed,
  };
}

function isClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // While a FIN is on its way the system refuses to send RST, and Node would forget the socket without closing it.
  if (socket.writableEnded && !socket.writableFinished && socket.writableLength === 0) {
    socket.once("finish", () => resetSocket(socket));
  } else socket.resetAndDestroy();
}
