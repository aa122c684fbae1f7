import { now } from "../clock.ts";
import { digest } from "../history/digest.ts";
import type { ProcessId, TokenHash } from "../history/history.ts";
import type { Writer } from "../history/writer.ts";
import { readTokens, refuseHeader } from "../provider/token-answer.ts";
import { currentFlow } from "./flow.ts";
import type { Points } from "./points.ts";

export interface RecordedFetchOptions {
  readonly process: ProcessId;
  readonly tokenEndpoint: string;
  /** Where the connector's requests are sent in truth. */
  readonly route: (flow: "token" | "consent" | "other") => { readonly from: string; readonly to: string };
  readonly writer: Writer;
  readonly points: Points;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A `fetch` that writes down which tokens it sends and receives, and passes the points before and after a token request. */
export function recordedFetch(options: RecordedFetchOptions): typeof globalThis.fetch {
  const { writer, points, tokenEndpoint } = options;
  const used = new Set<TokenHash>();
  let requests = 0;

  function routed(url: string): string {
    const { from, to } = options.route(currentFlow().purpose);
    return url.startsWith(`${from}/`) ? `${to}${url.slice(from.length)}` : url;
  }

  async function callApi(url: string, init: RequestInit): Promise<Response> {
    const token = /^Bearer (\S+)$/i.exec(new Headers(init.headers).get("authorization") ?? "")?.[1];
    if (token !== undefined) {
      const access = digest(token);
      if (!used.has(access)) writer.write({ kind: "used", at: now(), access });
      used.add(access);
    }
    return globalThis.fetch(routed(url), init);
  }

  async function askForTokens(url: string, init: RequestInit): Promise<Response> {
    const flow = currentFlow();
    const request = `${options.process}-${++requests}`;
    const token = new URLSearchParams(String(init.body)).get("refresh_token");
    const presented = token === null ? undefined : digest(token);
    const { connection } = flow;
    flow.request = request;
    writer.write({ kind: "sent", at: now(), flow: flow.id, request, connection, presented });
    // It may come when the answer is here already: then the keeper does not take it any more.
    const giveUp = (): void => writer.write({ kind: "unanswered", at: now(), request, why: "timed-out" });
    init.signal?.addEventListener("abort", giveUp, { once: true });
    if (presented !== undefined) await points.pass("before-send", { connection, request });
    const headers = new Headers(init.headers);
    headers.set("x-request-id", request);
    // A connection of its own, as the keeper makes one where no fetch is given.
    headers.set("connection", "close");
    if (presented !== undefined && points.wantsRelease) headers.set(refuseHeader, "1");
    try {
      const response = await globalThis.fetch(routed(url), { ...init, headers });
      const body = await response.arrayBuffer();
      const tokens = tokensIn(body);
      writer.write({ kind: "received", at: now(), request, status: response.status, ...tokens });
      if (presented !== undefined && tokens.access !== undefined) {
        await points.pass("after-response", { connection, request });
      }
      return new Response(body, { status: response.status, headers: kept(response.headers) });
    } catch (error) {
      if (init.signal?.aborted !== true) writer.write({ kind: "unanswered", at: now(), request, why: "broken" });
      throw error;
    }
  }

  const fetch: Fetch = (url, init) => (url === tokenEndpoint ? askForTokens(url, init) : callApi(url, init));
  return (input, init = {}) => fetch(String(input instanceof Request ? input.url : input), init);
}

function tokensIn(body: ArrayBuffer): {
  readonly access: TokenHash | undefined;
  readonly refresh: TokenHash | undefined;
} {
  const read = readTokens(Buffer.from(body).toString("utf8"));
  return {
    access: read.accessToken === undefined ? undefined : digest(read.accessToken),
    refresh: read.refreshToken === undefined ? undefined : digest(read.refreshToken),
  };
}

/** The body is handed on unpacked. */
function kept(headers: Headers): Headers {
  const all = new Headers(headers);
  for (const name of ["content-encoding", "content-length", "transfer-encoding", "connection"]) all.delete(name);
  return all;
}
