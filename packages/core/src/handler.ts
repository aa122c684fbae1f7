import { causeWithoutSecrets, GrantkeeperError, isGrantkeeperError } from "./errors.ts";
import { readText, type UnreadRequest } from "./flow/read-text.ts";
import type { FlowStart } from "./flow/types.ts";
import type { Keeper } from "./keeper-api.ts";

/** A web-standard `Request`, or as much of it as a framework hands over. */
export interface IncomingRequest extends UnreadRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: { get(name: string): string | null };
}

export interface HandlerOptions<Incoming extends IncomingRequest = Request> {
  /** Who is signed in to the application; `undefined` for nobody, which ends in 401. */
  readonly owner: (request: Incoming) => Promise<string | null | undefined> | string | null | undefined;
  /** Shows an error as a page of the application's own. Left out: one plain sentence. */
  readonly onError?: (error: GrantkeeperError, request: Incoming, status: number) => Promise<Response> | Response;
}

/** Answers `POST <connector>` by starting a flow and `GET` or `POST <connector>/callback` by finishing it. Never rejects. */
export type Handler<Incoming extends IncomingRequest = Request> = (request: Incoming) => Promise<Response>;

const maximumFormBytes = 16 * 1024;

/**
 * Mounts the flow in any framework of web-standard requests. It routes by the last segments of the path, since frameworks
 * differ in the prefix that they strip, and takes its own address from `callbackUrl`, never from the request.
 */
export function createHandler<Incoming extends IncomingRequest = Request>(
  keeper: Pick<Keeper, "callbackUrl" | "start" | "finish">,
  options: HandlerOptions<Incoming>,
): Handler<Incoming> {
  async function route(request: Incoming): Promise<Response> {
    const url = URL.parse(request.url, keeper.callbackUrl.origin);
    const path = url?.pathname.split("/").filter(Boolean) ?? [];
    const callback = path.at(-1) === "callback";
    const connector = path.at(callback ? -2 : -1);
    if (connector === undefined || !(request.method === "POST" || (callback && request.method === "GET"))) {
      throw new GrantkeeperError(
        "invalid_request",
        "A flow is started by a form with method=post, and only its callback takes another method.",
      );
    }
    if (!callback) assertSameOrigin(request, keeper.callbackUrl);
    const owner = await options.owner(request);
    if (owner === undefined || owner === null || owner === "") {
      return respond(new GrantkeeperError("not_permitted", "Nobody is signed in."), request, 401);
    }
    return callback ? finish(request, owner) : start(request, connector, owner);
  }

  async function start(request: Incoming, connector: string, owner: string): Promise<Response> {
    const form = await readText(request, maximumFormBytes);
    if (form === undefined) throw new GrantkeeperError("invalid_request", "The form is too long.");
    if (form === "" && Number(request.headers.get("content-length") ?? 0) > 0) {
      throw new GrantkeeperError(
        "invalid_request",
        "The form was read already: mount the handler before body parsers.",
      );
    }
    const { url, headers } = await keeper.start(connector, {
      ...readStartForm(form),
      owner,
      request,
    } as FlowStart as never);
    return redirect(url.href, headers);
  }

  async function finish(request: Incoming, owner: string): Promise<Response> {
    const { returnTo } = await keeper.finish(request, { owner });
    return redirect(returnTo, new Headers());
  }

  async function respond(error: GrantkeeperError, request: Incoming, status: number): Promise<Response> {
    const plain = new Response(`${error.message} (${error.code})\n`, {
      status,
      headers: { "content-type": "text/plain; charset=utf-8" },
    });
    let response = plain;
    try {
      response = (await options.onError?.(error, request, status)) ?? plain;
    } catch {
      // The application's error page failed: the plain sentence is still true.
    }
    return withProtection(response, error.retryAt);
  }

  return async (request) => {
    try {
      return await route(request);
    } catch (caught) {
      const error = isGrantkeeperError(caught)
        ? caught
        : new GrantkeeperError("invalid_config", "The application's own code failed during the flow.", {
            cause: causeWithoutSecrets(caught),
          });
      return respond(error, request, statusOf(error));
    }
  };
}

/** The fields of a start form: `returnTo`, `connectionId` and `params.<name>`, each once. */
function readStartForm(form: string): Pick<FlowStart, "returnTo" | "connectionId" | "params"> {
  const fields = new URLSearchParams(form);
  if (new Set(fields.keys()).size !== fields.size) {
    throw new GrantkeeperError("invalid_request", "A field stands in the form twice.");
  }
  const params = [...fields].flatMap(([name, value]) =>
    name.startsWith("params.") ? [[name.slice(7), value] as const] : [],
  );
  return {
    returnTo: fields.get("returnTo") ?? undefined,
    connectionId: fields.get("connectionId") ?? undefined,
    params: params.length === 0 ? undefined : Object.fromEntries(params),
  };
}

/** Only the application's own pages start a flow: a foreign one would connect its account to a user who never asked. */
function assertSameOrigin(request: IncomingRequest, callbackUrl: URL): void {
  const site = request.headers.get("sec-fetch-site");
  // A page with the policy no-referrer sends the origin "null" even to its own server.
  const sent = request.headers.get("origin");
  const origin = site === "same-origin" && sent === "null" ? null : sent;
  if (site === "same-origin" || (site === null && origin !== null)) {
    if (origin === null || origin === callbackUrl.origin) return;
    if (site === "same-origin") {
      // The cookie that is set here would not come back to the callback.
      throw new GrantkeeperError(
        "invalid_config",
        "The application is open under another host than callbackUrl names.",
      );
    }
  }
  throw new GrantkeeperError("not_permitted", "A flow is started by a form of the application itself only.");
}

function redirect(location: string, headers: Headers): Response {
  headers.set("location", location);
  return withProtection(new Response(null, { status: 303, headers }), undefined);
}

/** RFC 9700, sections 4.2.4 and 4.12: nothing of a flow is cached or passed on. */
function withProtection(response: Response, retryAt: Date | undefined): Response {
  const headers = new Headers(response.headers);
  headers.set("cache-control", "no-store");
  headers.set("referrer-policy", "no-referrer");
  if (retryAt !== undefined)
    headers.set("retry-after", String(Math.max(1, Math.ceil((retryAt.getTime() - Date.now()) / 1000))));
  return new Response(response.body, { status: response.status, headers });
}

function statusOf(error: GrantkeeperError): number {
  switch (error.code) {
    case "not_permitted":
    case "consent_denied":
    case "account_mismatch":
      return 403;
    case "not_connected":
      return 404;
    case "provider_unavailable":
    case "store_unavailable":
    case "keys_unavailable":
    case "connector_unavailable":
    case "lease_timeout":
    case "closed":
      return 503;
    case "provider_rejected":
    case "invalid_response":
      return 502;
    case "invalid_config":
    case "decryption_failed":
      return 500;
    default:
      return 400;
  }
}
