import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import type { Json } from "@grantkeeper/core/connector";
import type { Answer, Exchange } from "./attack.ts";

const jsonHeaders = { "content-type": "application/json" } as const;

export function answerJson(response: ServerResponse, body: Json, status = 200): void {
  response.writeHead(status, jsonHeaders).end(JSON.stringify(body));
}

export interface TextOptions {
  readonly type?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export function text(body: string, { type = "text/html", status = 200, headers = {} }: TextOptions = {}): Answer {
  return ({ response }) => response.writeHead(status, { "content-type": type, ...headers }).end(body);
}

export function redirect(status: number, to: (exchange: Exchange) => string = toBystander): Answer {
  return (exchange) => exchange.response.writeHead(status, { location: to(exchange) }).end();
}

function toBystander({ world, request }: Exchange): string {
  return `${world.bystander}${request.url ?? "/"}`;
}

/** Changes the text of an honest answer. */
export function rewritten(rewrite: (body: string, exchange: Exchange) => string, type = "application/json"): Answer {
  return (exchange) => {
    const body = rewrite(JSON.stringify(exchange.honest()), exchange);
    exchange.response.writeHead(200, { "content-type": type }).end(body);
  };
}

/** Bytes as they go over the wire, then the end of the connection. */
export function raw(bytes: string): Answer {
  return ({ request }) => request.socket.end(bytes);
}

/** A piece again and again, as fast as it is read, until the connection is closed. */
export function endless(piece: string, { asBody = true }: { readonly asBody?: boolean } = {}): Answer {
  return ({ request, response }) => {
    const block = Buffer.from(piece.repeat(Math.ceil(65_536 / piece.length)));
    const target = asBody ? response : request.socket;
    if (asBody) response.writeHead(200, jsonHeaders).write('{"endless":"');
    const write = (): void => {
      if (!target.destroyed && target.writable) target.write(block, (error) => (error == null ? write() : undefined));
    };
    write();
  };
}

const inflatedBytes = 64 * 1024 * 1024;
let bomb: Buffer | undefined;

/** A few kilobytes that become 64 MiB. */
export const gzipBomb: Answer = ({ response }) => {
  bomb ??= gzipSync(Buffer.alloc(inflatedBytes, " "), { level: 9 });
  response.writeHead(200, { ...jsonHeaders, "content-encoding": "gzip" }).end(bomb);
};

/** A byte now and then: never silent, and never done. */
export const drip: Answer = ({ response }) => {
  response.writeHead(200, jsonHeaders).write("{");
  const timer = setInterval(() => response.write(" "), 50);
  response.once("close", () => clearInterval(timer));
};

export const silence: Answer = () => undefined;

export const reset: Answer = ({ request }) => request.socket.resetAndDestroy();

/** Promises more than it sends. */
export const truncated: Answer = ({ response, request }) => {
  response.writeHead(200, { ...jsonHeaders, "content-length": 1_000 });
  response.write('{"access_token":"', () => request.socket.destroy());
};

export const hugeHeaders: Answer = ({ response }) => {
  const headers = Array.from({ length: 64 }, (_, index) => [`x-padding-${index}`, "a".repeat(16 * 1024)]);
  response.writeHead(200, { ...jsonHeaders, ...Object.fromEntries(headers) }).end("{}");
};
