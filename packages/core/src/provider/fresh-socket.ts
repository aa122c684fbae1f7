import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Send } from "./http.ts";

/** RFC 9110, section 15.2 sets no limit, and no other limit holds for them. */
const mostInterimResponses = 100;

/**
 * Sends a request on a connection of its own. One that was kept open from before may be closed by the server at the very
 * moment of sending, and nobody could say then whether the request had arrived. It also knows when the connection stands,
 * which `fetch` does not tell: before that nothing has left, and only then it asks whether it still may.
 */
export const sendOnFreshSocket: Send = async (url, init, mayLeave) => {
  const request = new Request(url, init);
  const body = Buffer.from(await request.arrayBuffer());
  const secure = new URL(url).protocol === "https:";
  // Loaded at the first use: node:http brings all of Node's fetch along.
  const http = await (secure ? import("node:https") : import("node:http"));
  // As fetch does: through the environment's proxy where the process was told to use it.
  const proxy = process.env["NODE_USE_ENV_PROXY"] === "1" ? { proxyEnv: process.env } : {};
  const outgoing = http.request(url, {
    agent: new http.Agent({ keepAlive: false, ...proxy }),
    method: request.method,
    headers: {
      ...Object.fromEntries(request.headers),
      "accept-encoding": "identity",
      "content-length": body.byteLength,
    },
    signal: request.signal,
  });
  outgoing.once("socket", (socket) => {
    onceEstablished(socket, () => {
      if (mayLeave()) outgoing.end(body);
      else outgoing.destroy(new Error("not sent"));
    });
  });
  let interim = 0;
  outgoing.on("information", () => {
    if (++interim > mostInterimResponses) outgoing.destroy(new Error("too many interim responses"));
  });
  // What goes wrong while the body is read shows there.
  outgoing.on("error", () => undefined);
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  return toResponse(incoming);
};

function onceEstablished(socket: Socket, then: () => void): void {
  const handshaken = socket instanceof TLSSocket ? !["unknown", null].includes(socket.getProtocol()) : true;
  if (!socket.connecting && handshaken) then();
  else socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", then);
}

function toResponse(incoming: IncomingMessage): Response {
  const status = incoming.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const bodiless = status === 204 || status === 205 || status === 304;
  if (bodiless) incoming.resume();
  return new Response(bodiless ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>), { status, headers });
}
