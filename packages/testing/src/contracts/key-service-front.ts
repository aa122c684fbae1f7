import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** Answers a request in the service's place. */
export type ServiceAnswer = (response: ServerResponse, sent: SentRequest) => void;

export interface SentRequest {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Stands between a key's service and its clients: passes everything on, until it is to answer or to be away. */
export interface ServiceFront {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  /** How many clients were still waiting when the front's patience with them was over. */
  readonly waited: () => number;
  /** Gives every request this answer while `work` runs. A client that waits longer than 5 seconds for more is cut off. */
  readonly answering: <Result>(answer: ServiceAnswer, work: () => Promise<Result>) => Promise<Result>;
  /** Refuses and drops connections while `work` runs. */
  readonly away: <Result>(work: () => Promise<Result>) => Promise<Result>;
  readonly close: () => Promise<void>;
}

/** Much longer than any client under test has for a call that the front answers. */
const patienceMs = 5_000;

export async function startServiceFront(target: string): Promise<ServiceFront> {
  let answer: ServiceAnswer | undefined;
  let waited = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", headers } = request;
    const body = (await buffer(request)).toString();
    if (answer !== undefined) {
      const end = setTimeout(() => {
        waited++;
        response.destroy();
      }, patienceMs);
      response.on("close", () => clearTimeout(end));
      return answer(response, { url, headers, body });
    }
    const passed = Object.entries(headers).filter(([name]) => !perConnection.has(name));
    const forwarded = await fetch(`${target}${url}`, {
      ...{ method, body, redirect: "manual" },
      headers: Object.fromEntries(passed.map(([name, value]) => [name, String(value)])),
    });
    const type = forwarded.headers.get("content-type");
    response.writeHead(forwarded.status, type === null ? {} : { "content-type": type });
    response.end(await forwarded.text());
  }

  const http = createServer((request, response) => {
    // A client that has given up; what it hears is its own affair.
    response.on("error", () => undefined);
    handle(request, response).catch(() => response.destroy());
  });

  async function listen(port: number): Promise<number> {
    http.listen(port, "127.0.0.1");
    await once(http, "listening");
    return (http.address() as AddressInfo).port;
  }

  async function stop(): Promise<void> {
    const closed = once(http, "close");
    http.close();
    http.closeAllConnections();
    await closed;
  }

  const port = await listen(0);
  return {
    address: `http://127.0.0.1:${port}`,
    waited: () => waited,
    async answering(given, work) {
      answer = given;
      try {
        return await work();
      } finally {
        answer = undefined;
      }
    },
    async away(work) {
      await stop();
      try {
        return await work();
      } finally {
        await listen(port);
      }
    },
    close: stop,
  };
}

/** Headers that belong to one connection, not to what is passed on. */
const perConnection = new Set(["connection", "host", "content-length", "transfer-encoding", "keep-alive", "expect"]);
