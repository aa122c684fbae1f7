import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { FaultProxy, FaultProxyOptions } from "./options.ts";
import { startFaultProxy } from "./start.ts";

/** One end of a connection, and what it has seen. */
export interface Peer {
  readonly socket: Socket;
  /** What was read, as it was read. */
  readonly chunks: readonly Buffer[];
  readonly bytes: () => Buffer;
  /** Resolves when so many bytes came; rejects when the connection ends before. */
  readonly received: (count: number) => Promise<Buffer>;
  /** How the other side ended: `FIN`, or the error's code. */
  readonly outcome: Promise<string>;
}

export interface Network {
  readonly proxy: FaultProxy;
  /** The server's ends of connections, in the order in which they came. */
  readonly served: readonly Peer[];
  readonly dial: () => Peer;
  /** Resolves when the server has seen so many connections; with the last of them. */
  readonly nthServed: (count: number) => Promise<Peer>;
}

const closers: (() => Promise<void> | void)[] = [];

/** For a test file's afterEach. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** A server on node:net, and a proxy before it. `serve` gets the server's end of each connection. */
export async function startNetwork(
  serve: (peer: Peer) => void,
  options: Partial<FaultProxyOptions> = {},
): Promise<Network> {
  const served: Peer[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const peer = peerOf(socket);
    served.push(peer);
    serve(peer);
  });
  const target = { host: "127.0.0.1", port: await listen(server) };
  const proxy = await startedProxy({ target, ...options });
  return {
    proxy,
    served,
    dial: () => dial(proxy.port),
    nthServed: async (count) => {
      while (served.length < count) await once(server, "connection");
      const peer = served[count - 1];
      if (peer === undefined) throw new Error("Connections are counted from 1.");
      return peer;
    },
  };
}

export async function startedProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = await startFaultProxy(options);
  closers.push(proxy.close);
  return proxy;
}

/** Listens on a free port of the loopback interface until `closeAll`. */
export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

export function dial(port: number): Peer {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  closers.push(() => void socket.destroy());
  return peerOf(socket);
}

/** Sends back what comes, and ends when the other side has. */
export function echo({ socket }: Peer): void {
  socket.pipe(socket);
}

/** Writes so many chunks, each when the one before has been taken, and ends. Says how many are taken. */
export function writeInTurn(socket: Socket, chunk: Buffer, count: number): () => number {
  let taken = 0;
  const writeNext = () => {
    if (taken === count) socket.end();
    else
      socket.write(chunk, (error) => {
        if (error) return;
        taken += 1;
        writeNext();
      });
  };
  writeNext();
  return () => taken;
}

/** A number above 0 once it has stopped changing. */
export async function settled(read: () => number): Promise<number> {
  let before = 0;
  for (let current = read(); current !== before || current === 0; current = read()) {
    before = current;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return before;
}

/** A round trip through a network of its own: what passes at once elsewhere in this process has passed by then. */
export async function roundTripElsewhere(): Promise<void> {
  const { dial } = await startNetwork(echo);
  const client = dial();
  for (const said of ["one", "onetwo"]) {
    client.socket.write(said.slice(-3));
    await client.received(said.length);
  }
}

function peerOf(socket: Socket): Peer {
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const outcome = new Promise<string>((resolve) => {
    socket.on("end", () => resolve("FIN"));
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
  const bytes = () => Buffer.concat(chunks);
  return {
    socket,
    chunks,
    bytes,
    outcome,
    received: async (count) => {
      let ended: string | undefined;
      const isEnding = outcome.then((how) => {
        ended = how;
      });
      while (bytes().length < count) {
        if (ended !== undefined) throw new Error(`${bytes().length} of ${count} bytes came, then ${ended}.`);
        await Promise.race([new Promise((resolve) => socket.once("data", resolve)), isEnding]);
      }
      return bytes();
    },
  };
}
