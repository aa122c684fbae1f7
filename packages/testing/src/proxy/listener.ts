import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

const loopback = "127.0.0.1";

/** A port of the loopback interface that can refuse connections for a while and stay its owner's own. */
export interface Listener {
  readonly port: number;
  readonly refuse: () => Promise<void>;
  readonly accept: () => Promise<void>;
  /** Resolves when it has stopped and the connections that came through it are gone. */
  readonly close: () => Promise<void>;
}

/** Rejects when the port cannot be had. */
export async function listen(port: number, onConnection: (client: Socket) => void): Promise<Listener> {
  const first = await open(port, onConnection);
  const ownPort = (first.address() as AddressInfo).port;
  let server: Server | undefined = first;
  let release: (() => Promise<void>) | undefined;
  let turn: Promise<void> = Promise.resolve();

  /** One after the other, whatever became of the one before. */
  function inTurn(act: () => Promise<void>): Promise<void> {
    const done = turn.then(act);
    turn = done.catch(() => {});
    return done;
  }

  return {
    port: ownPort,
    refuse: () =>
      inTurn(async () => {
        if (server === undefined) return;
        const closing = server;
        server = undefined;
        release = await holdPort(ownPort, () => closing.close());
      }),
    accept: () =>
      inTurn(async () => {
        if (server !== undefined) return;
        server = await open(ownPort, onConnection);
        await release?.();
        release = undefined;
      }),
    close: () =>
      inTurn(async () => {
        await release?.();
        release = undefined;
        const closing = server;
        server = undefined;
        if (closing !== undefined) await closed(closing);
      }),
  };
}

async function open(port: number, onConnection: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  server.listen(port, loopback);
  await once(server, "listening");
  return server;
}

/**
 * Frees a port and binds an outgoing connection to it: nobody listens there, and the system gives the port to nobody
 * else who asks for a free one. Where the system does not allow this, the port is simply free.
 */
async function holdPort(port: number, free: () => void): Promise<() => Promise<void>> {
  const other = await open(0, (socket) => socket.on("error", () => {}).resume());
  free();
  const holder = connect({
    host: loopback,
    port: (other.address() as AddressInfo).port,
    localAddress: loopback,
    localPort: port,
  });
  await once(holder, "connect").catch(() => {});
  holder.on("error", () => {});
  return () => {
    holder.resetAndDestroy();
    return closed(other);
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
