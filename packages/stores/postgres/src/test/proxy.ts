import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { url } from "./server.ts";

export interface Proxy {
  /** A connection string that leads through the proxy. */
  readonly url: string;
  /** Cuts every connection at once, and refuses new ones until the returned function is called. */
  interrupt(): Promise<() => Promise<void>>;
  /** Lets nothing through any more and says so to nobody, as a network that drops packets, until the function is called. */
  silence(): () => void;
  close(): Promise<void>;
}

/** Stands between a pool and the server, so that the server can be out of reach for one test alone. */
export async function startProxy(): Promise<Proxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let isSilent = false;

  function track(socket: Socket): Socket {
    sockets.add(socket);
    // What breaks here is what is to break; the other end is told by the closing.
    return socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  }
  const server = createServer((incoming) => {
    if (isSilent) {
      track(incoming);
      return;
    }
    const outgoing = connect(Number(target.port || 5432), target.hostname);
    track(incoming).pipe(track(outgoing)).pipe(incoming);
    incoming.on("close", () => outgoing.destroy());
    outgoing.on("close", () => incoming.destroy());
  });

  async function listen(port: number): Promise<void> {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  }
  async function stop(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  await listen(0);
  const { port } = server.address() as AddressInfo;
  const through = new URL(url);
  through.hostname = "127.0.0.1";
  through.port = String(port);
  return {
    url: through.href,
    async interrupt() {
      await stop();
      return () => listen(port);
    },
    silence() {
      isSilent = true;
      for (const socket of sockets) socket.unpipe().pause();
      return () => {
        isSilent = false;
        for (const socket of sockets) socket.destroy();
      };
    },
    close: stop,
  };
}
