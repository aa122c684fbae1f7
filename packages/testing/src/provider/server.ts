import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import { answerRevocation, answerRoute, answerUnknown, answerUserinfo } from "./api.ts";
import { authorizationEndpoint } from "./authorization-endpoint.ts";
import { avatar } from "./avatar.ts";
import { type IncomingRequest, jsonResponse, type ProviderContext, toResponse } from "./context.ts";
import { endpointsOf, metadata } from "./metadata.ts";
import type { Fault } from "./options.ts";
import { fillTemplate, type PathPattern, pathPattern } from "./path-pattern.ts";
import { hostOf, moveUrl } from "./point-at.ts";
import { readTokenRequest } from "./token-endpoint.ts";

/** Node's own request and response, which faults act on. */
export interface ServerBindings {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

interface Endpoint {
  readonly pattern: PathPattern;
  readonly method?: string;
  readonly answer: (request: IncomingRequest, bindings: ServerBindings) => Response | Promise<Response>;
}

/** Serves all endpoints of an emulated provider. */
export function createServer(
  context: ProviderContext,
): (request: Request, bindings: ServerBindings) => Promise<Response> {
  const endpoints = createEndpoints(context);
  const apiHost = hostOf(context.connector.apiBaseUrl).host.replace(/\{[^{}]+\}/g, "any");
  const find = (method: string, path: string) => {
    for (const endpoint of endpoints) {
      const params = endpoint.pattern(path);
      if (params && (endpoint.method === undefined || endpoint.method === method)) return { endpoint, params, path };
    }
    return undefined;
  };

  const app = new Hono<{ Bindings: ServerBindings }>();
  app.get("/", (c) => c.text(`${context.connector.name} (emulated)\n`));
  app.get("/_avatar/:id", (c) => {
    const account = context.accounts.find(c.req.param("id"));
    return account ? c.body(avatar(account), 200, { "content-type": "image/svg+xml" }) : c.notFound();
  });
  app.all("*", async (c) => {
    const { pathname, search } = new URL(c.req.url);
    const path = pathname.replace(/\/{2,}/g, "/");
    // A path-absolute URL of a client that resolved it against `apiBaseUrl` lost the host's prefix.
    const found = find(c.req.method, path) ?? find(c.req.method, `/${apiHost}${path}`);
    const request: IncomingRequest = {
      method: c.req.method,
      url: realUrl(`${found?.path ?? path}${search}`),
      params: found?.params ?? {},
      headers: c.req.raw.headers,
      body: await c.req.text(),
    };
    return found ? found.endpoint.answer(request, c.env) : answerUnknown(context, request);
  });
  app.onError((error, c) => c.json({ error: "emulator_failed", error_description: String(error) }, 500));
  return async (request, bindings) => app.fetch(request, bindings);
}

/** The path at the emulator begins with the real host. */
function realUrl(path: string): URL {
  return URL.canParse(`https:/${path}`) ? new URL(`https:/${path}`) : new URL("https://unknown.invalid/");
}

function createEndpoints(context: ProviderContext): readonly Endpoint[] {
  const { connector, emulation, issuer, signer, options } = context;
  const urls = endpointsOf(connector);
  const half = (options.latencyMs ?? 0) / 2;
  const wait = () => (half > 0 ? delay(half) : undefined);

  const api =
    (answer: (request: IncomingRequest) => Response | Promise<Response>): Endpoint["answer"] =>
    async (request, bindings) => {
      await wait();
      const fault = await options.faults?.api?.({ method: request.method, url: request.url });
      if (fault !== undefined) return commitFault(fault, undefined, bindings);
      const response = await answer(request);
      await context.save();
      await wait();
      return response;
    };
  const token =
    (role: { readonly exchange: boolean; readonly refresh: boolean }): Endpoint["answer"] =>
    async (request, bindings) => {
      const entry = context.log.tokenRequest();
      try {
        const read = readTokenRequest(context, role, request, entry);
        await wait();
        const before = await options.faults?.before?.(entry);
        if (before !== undefined) {
          entry.outcome = "fault";
          return await commitFault(before, undefined, bindings);
        }
        const response = await read.answer();
        const after = await options.faults?.after?.(entry);
        await wait();
        return after === undefined ? response : await commitFault(after, response, bindings);
      } finally {
        entry.endedAt = Date.now();
      }
    };

  const list: Endpoint[] = [{ pattern: pathPattern(urls.authorization), answer: authorizationEndpoint(context) }];
  const shared = urls.refresh === urls.token;
  list.push({ pattern: pathPattern(urls.token), answer: token({ exchange: true, refresh: shared }) });
  if (!shared) list.push({ pattern: pathPattern(urls.refresh), answer: token({ exchange: false, refresh: true }) });
  for (const route of emulation?.routes ?? []) {
    const answer = api((request) => answerRoute(context, route, request));
    list.push({ pattern: pathPattern(route.url), method: route.method.toUpperCase(), answer });
  }
  if (urls.revocation !== undefined) {
    list.push({ pattern: pathPattern(urls.revocation), answer: api((request) => answerRevocation(context, request)) });
  }
  if (urls.userinfo !== undefined) {
    list.push({ pattern: pathPattern(urls.userinfo), answer: api((request) => answerUserinfo(context, request)) });
  }
  if (urls.jwks !== undefined && signer !== undefined) {
    list.push({ pattern: pathPattern(urls.jwks), answer: () => jsonResponse(signer.jwks) });
  }
  for (const url of urls.metadata) {
    const answer: Endpoint["answer"] = ({ params }) => {
      const locate = (real: string) => fillTemplate(moveUrl(real, context.origin), params);
      return jsonResponse(metadata(connector, urls, fillTemplate(issuer ?? "", params), locate));
    };
    list.push({ pattern: pathPattern(url), method: "GET", answer });
    // RFC 8414 puts the path of an issuer last: at the emulator that path begins with the host.
    const moved = /^https?:\/\/([^/]+)\/\.well-known\/oauth-authorization-server(.*)$/.exec(url);
    if (moved) {
      const asHost = `https://.well-known/oauth-authorization-server/${moved[1]}${moved[2]}`;
      list.push({ pattern: pathPattern(asHost), method: "GET", answer });
    }
  }
  return list;
}

async function commitFault(
  fault: Fault,
  answer: Response | undefined,
  { incoming, outgoing }: ServerBindings,
): Promise<Response> {
  if (typeof fault !== "string") return toResponse(fault);
  if (fault === "cut" && answer !== undefined) {
    const body = Buffer.from(await answer.arrayBuffer());
    outgoing.writeHead(answer.status, { ...Object.fromEntries(answer.headers), "content-length": String(body.length) });
    await new Promise<void>((resolve) => outgoing.write(body.subarray(0, body.length >> 1), () => resolve()));
  }
  incoming.socket.resetAndDestroy();
  return RESPONSE_ALREADY_SENT;
}
