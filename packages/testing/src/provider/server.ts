import { Hono } from "hono";
import { answerUnknown } from "./api.ts";
import { avatar } from "./avatar.ts";
import type { ServerBindings } from "./commit-fault.ts";
import type { IncomingRequest, ProviderContext } from "./context.ts";
import { createEndpoints, type Endpoint } from "./endpoints.ts";
import { hostOf } from "./point-at.ts";

/** Serves all endpoints of an emulated provider. */
export function createServer(
  context: ProviderContext,
): (request: Request, bindings: ServerBindings) => Promise<Response> {
  const { provider, own } = createEndpoints(context);
  const apiHost = hostOf(context.connector.apiBaseUrl).host.replace(/\{[^{}]+\}/g, "any");
  const findIn = (list: readonly Endpoint[], method: string, path: string) => {
    for (const endpoint of list) {
      const params = endpoint.pattern(path);
      if (params && (endpoint.method === undefined || endpoint.method === method)) return { endpoint, params, path };
    }
    return undefined;
  };
  const find = (method: string, path: string) => {
    // A path-absolute URL of a client that resolved it against `apiBaseUrl` lost the host's prefix.
    const real = findIn(provider, method, path) ?? findIn(provider, method, `/${apiHost}${path}`);
    if (real) return { ...real, url: realUrl(real.path) };
    const found = findIn(own, method, path);
    return found && { ...found, url: new URL(path, context.origin) };
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
    const found = find(c.req.method, path);
    const url = found?.url ?? realUrl(path);
    url.search = search;
    const request: IncomingRequest = {
      method: c.req.method,
      url,
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
