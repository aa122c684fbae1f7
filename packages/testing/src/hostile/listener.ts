import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";

/** One request as it came over the wire. */
export interface HostileRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Listener {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly requests: readonly HostileRequest[];
  /** How many bytes the system has taken for all connections so far, headers included. */
  readonly sentBytes: () => number;
  readonly close: () => Promise<void>;
}

/** Serves HTTP on the loopback interface. A request is read whole, and recorded, before it is answered. */
export async function listen(
  answer: (request: IncomingMessage, response: ServerResponse, received: HostileRequest) => void,
): Promise<Listener> {
  const requests: HostileRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    response.on("error", () => undefined);
    void text(request)
      .then((body) => {
        const { method = "", url = "", headers } = request;
        const received = { method, url, headers, body };
        requests.push(received);
        answer(request, response, received);
      })
      // Parameters that nothing can be made of; or the client has gone before it had said what it wants.
      .catch(() => {
        if (!response.headersSent) response.writeHead(400).end();
      });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    sentBytes: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten - socket.writableLength, 0),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const socket of sockets) socket.destroy();
      }),
  };
}
