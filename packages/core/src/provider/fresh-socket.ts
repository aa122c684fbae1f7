import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Answer, Send } from "./http.ts";

/** RFC 9110, section 15.2 sets no limit, and no other limit holds for them. */
const mostInterimResponses = 100;

/**
 * Sends a request on a connection of its own. One that was kept open from before may be closed by the server at the very
 * moment of sending, and nobody could say then whether the request had arrived. It also knows when the connection stands,
 * which `fetch` does not tell: before that nothing has left, and only then it asks whether it still may.
 */
export const sendOnFreshSocket: Send = async (url, init, mayLeave) => {
  const http = await load(new URL(url).protocol === "https:" ? "https:" : "http:");
  // As fetch does: through the environment's proxy where the process was told to use it.
  const proxy = process.env["NODE_USE_ENV_PROXY"] === "1" ? { proxyEnv: process.env } : {};
  const { headers, body } = await encode(url, init);
  const outgoing = http.request(url, {
    agent: new http.Agent({ keepAlive: false, ...proxy }),
    method: init.method ?? "GET",
    headers: { ...headers, "accept-encoding": "identity", "content-length": body.byteLength },
    ...(init.signal ? { signal: init.signal } : {}),
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
  return toAnswer(incoming);
};

function onceEstablished(socket: Socket, then: () => void): void {
  if (!isTls(socket)) {
    if (socket.connecting) socket.once("connect", then);
    else then();
  } else if (socket.connecting || ["unknown", null].includes(socket.getProtocol())) {
    socket.once("secureConnect", then);
  } else {
    then();
  }
}

/** Without its class, whose module takes longer to load than all of this one. */
function isTls(socket: Socket): socket is TLSSocket {
  return "encrypted" in socket && socket.encrypted === true;
}

type Http = Pick<typeof import("node:http"), "request" | "Agent">;

// Loaded at the first use: node:http brings all of Node's fetch along.
const loaders = { "http:": () => import("node:http"), "https:": () => import("node:https") } as const;
const loaded = new Map<string, Promise<Http>>();

function load(protocol: "http:" | "https:"): Promise<Http> {
  const known = loaded.get(protocol) ?? loaders[protocol]();
  loaded.set(protocol, known);
  return known;
}

/** What fetch makes of a request. For a form it is spelt out: a `Request` takes longer than all else here. */
async function encode(
  url: string,
  init: RequestInit,
): Promise<{ readonly headers: Record<string, string>; readonly body: Buffer }> {
  if (init.body instanceof URLSearchParams) {
    const headers = new Headers(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/x-www-form-urlencoded;charset=UTF-8");
    return { headers: Object.fromEntries(headers), body: Buffer.from(init.body.toString()) };
  }
  const request = new Request(url, init);
  return { headers: Object.fromEntries(request.headers), body: Buffer.from(await request.arrayBuffer()) };
}

function toAnswer(incoming: IncomingMessage): Answer {
  const status = incoming.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const bodiless = status === 204 || status === 205 || status === 304;
  if (bodiless) incoming.resume();
  return { status, headers, body: bodiless ? null : bodyOf(incoming) };
}

/** As the stream of a `Response`, without the time that one takes. */
function bodyOf(incoming: IncomingMessage): NonNullable<Answer["body"]> {
  const cancel = async (): Promise<void> => void incoming.destroy();
  return {
    cancel,
    getReader() {
      const chunks = incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
      return { read: async () => chunks.next(), cancel };
    },
  };
}
