import type { Connector } from "../connector/types.ts";
import { causeWithoutSecrets, GrantkeeperError } from "../errors.ts";
import { carryToken, resolveUrl } from "../provider/described-request.ts";
import { refusedRequest } from "../provider/errors.ts";
import { refusalOf } from "../provider/guard.ts";
import { type Fetch, maximumBodyBytes, readLimited } from "../provider/http.ts";
import { rejectsToken } from "../provider/requests.ts";
import type { Server } from "../provider/server.ts";
import { parseBody } from "../provider/token-response.ts";
import { secretOf } from "../secret.ts";
import type { AccessToken } from "./access-token.ts";
import type { TokenOptions } from "./tokens.ts";

/** `RequestInit`, with a token set to use and plain objects as JSON bodies. */
export interface ApiRequestInit<TokenSet extends string = string> extends Omit<RequestInit, "body"> {
  readonly as?: "default" | TokenSet;
  readonly body?: RequestInit["body"] | object;
}

export interface ApiFetchOptions {
  readonly fetch: Fetch;
  readonly connector: Connector;
  readonly connectorKey: string;
  readonly server: Server;
  readonly token: (options: TokenOptions) => Promise<AccessToken>;
  readonly now: () => number;
}

/** Calls a provider's API: its own origins only (RFC 9700, section 4.9.1), and once more after a token was refused. */
export async function apiFetch(options: ApiFetchOptions, path: string, init: ApiRequestInit = {}): Promise<Response> {
  const { connector, connectorKey, server } = options;
  const { as, body, ...rest } = init;
  const url = resolveUrl(server, path);
  if (!server.apiOrigins.includes(new URL(url).origin)) {
    throw new GrantkeeperError(
      "invalid_request",
      "The URL is not one of this provider's API: the token is not sent there.",
      {
        connector: connectorKey,
      },
    );
  }
  const signal = init.signal ?? undefined;
  const which = { ...(as === undefined ? {} : { as }), ...(signal === undefined ? {} : { signal }) };
  const headers = new Headers(connector.apiHeaders);
  new Headers(init.headers).forEach((value, name) => {
    headers.set(name, value);
  });
  const encoded = encodeBody(body, headers);

  async function call({ accessToken, tokenType }: AccessToken): Promise<Response> {
    const authorized = new Headers(headers);
    carryToken(authorized, connector, { accessToken: secretOf(accessToken), tokenType });
    try {
      return await options.fetch(url, {
        ...rest,
        headers: authorized,
        ...(encoded === undefined ? {} : { body: encoded }),
      });
    } catch (cause) {
      if (signal?.aborted === true) throw new GrantkeeperError("aborted", "The caller stopped waiting.");
      const refusal = refusalOf(cause);
      if (refusal !== undefined) throw refusedRequest(refusal, connectorKey);
      throw new GrantkeeperError("provider_unavailable", "The provider's API could not be reached.", {
        connector: connectorKey,
        cause: causeWithoutSecrets(cause),
        retryAt: new Date(options.now() + 1_000),
      });
    }
  }

  const first = await options.token(which);
  const response = await call(first);
  const refused = response.status === 401 || (await isRefusal(connector, response));
  if (!refused || encoded instanceof ReadableStream) return response;
  const second = await options.token({ ...which, rejected: first.accessToken });
  if (second.accessToken === first.accessToken) return response;
  await response.body?.cancel();
  return call(second);
}

function encodeBody(body: ApiRequestInit["body"], headers: Headers): BodyInit | null | undefined {
  const prototype: unknown = typeof body === "object" && body !== null ? Object.getPrototypeOf(body) : undefined;
  if (prototype !== Object.prototype && prototype !== null) return body as BodyInit | undefined;
  if (body === null || body === undefined) return body;
  if (!headers.has("content-type")) headers.set("content-type", "application/json; charset=utf-8");
  return JSON.stringify(body);
}

/** Asks the connector about JSON answers of providers that refuse a token under another status than 401. */
async function isRefusal(connector: Connector, response: Response): Promise<boolean> {
  if (connector.rejectsToken === undefined) return false;
  const type = response.headers.get("content-type");
  const length = Number(response.headers.get("content-length") ?? 0);
  if (!type?.includes("json") || length > maximumBodyBytes) return false;
  const text = await readLimited(response.clone());
  if (text === undefined) return false;
  const { status, headers } = response;
  return rejectsToken(connector, { status, headers, body: parseBody(type, text) });
}
