import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

export interface TlsServer {
  readonly port: number;
  /** How many connections were opened, also ones that sent nothing. */
  readonly connections: () => number;
  /** How many of them are open still. */
  readonly openConnections: () => number;
  readonly requests: readonly IncomingMessage[];
}

/** Serves https on 127.0.0.1 until the test ends. */
export async function startTlsServer(
  options: ServerOptions,
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<TlsServer> {
  let connections = 0;
  let closed = 0;
  const requests: IncomingMessage[] = [];
  const server = createServer(options, (request, response) => {
    requests.push(request);
    response.on("error", () => undefined);
    answer(response, request);
  });
  server.on("connection", (socket) => {
    connections++;
    socket.on("close", () => closed++);
  });
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, connections: () => connections, openConnections: () => connections - closed, requests };
}
