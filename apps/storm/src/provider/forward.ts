import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import { buffer } from "node:stream/consumers";

export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** A connection for each request: one that is kept might be closed by the provider at the very moment of sending. */
const agent = new Agent({ keepAlive: false });
/** What belongs to one connection and not to the message (RFC 9110, section 7.6.1). */
const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "host"]);

/** Passes a request on to another origin, and returns its answer whole. */
export async function forward(origin: string, incoming: IncomingMessage, body: Buffer): Promise<ForwardedAnswer> {
  const { method = "GET", url = "/" } = incoming;
  const { hostname, port } = new URL(origin);
  const headers = { ...endToEnd(incoming.headers), "content-length": String(body.length) };
  const sent = request({ agent, hostname, port, method, path: url, headers });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
  sent.end(body);
  const answer = await answered;
  return { status: answer.statusCode ?? 502, headers: endToEnd(answer.headers), body: await buffer(answer) };
}

function endToEnd(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}
