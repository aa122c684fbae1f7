import type { ProviderRequest } from "../connector/provider-request.ts";
import type { Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { assertCallable, type Server } from "./server.ts";

/** Whose tokens a connector's request carries. */
export interface Credentials {
  readonly accessToken: Secret;
  /** Left out: `Bearer`. */
  readonly tokenType?: string | undefined;
  readonly refreshToken?: Secret | undefined;
}

export interface DescribedRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly form: URLSearchParams;
  /** With these headers, and with the form where it has anything in it. */
  readonly init: RequestInit;
}

/** What a connector describes, resolved, checked against its origins, and with the token that it is to carry. */
export function describedRequest(
  connector: Connector,
  server: Server,
  request: Omit<ProviderRequest, "authentication">,
  credentials?: Credentials,
): DescribedRequest {
  const url = resolveUrl(server, request.url);
  assertCallable(connector, "A request", url);
  if (!allowedOrigins(server).has(new URL(url).origin)) {
    throw new GrantkeeperError("invalid_config", `Connector "${connector.id}" asks for a request to a foreign origin.`);
  }
  const headers = new Headers({ accept: "application/json", ...connector.apiHeaders, ...request.headers });
  if (credentials !== undefined) carryToken(headers, connector, credentials);
  const form = new URLSearchParams(request.form);
  const init: RequestInit = { method: request.method ?? "GET", headers };
  if (request.json !== undefined) {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(request.json);
  } else if (form.size > 0) init.body = form;
  return { url, headers, form, init };
}

/** RFC 6750, section 2.1, or the header of the provider's own. */
export function carryToken(
  headers: Headers,
  { tokenHeader }: Pick<Connector, "tokenHeader">,
  { accessToken, tokenType = "Bearer" }: Credentials,
): void {
  if (tokenHeader !== undefined) headers.set(tokenHeader, accessToken.reveal());
  else headers.set("authorization", `${tokenType} ${accessToken.reveal()}`);
}

/**
 * Resolves a connector's or a caller's URL against the API's base, whether that ends in a slash or not. What begins with
 * a slash is a path, also where a colon follows.
 */
export function resolveUrl(server: Server, url: string): string {
  const absolute = /^[a-z][a-z0-9+.-]*:/i.test(url);
  const resolved = absolute
    ? URL.parse(url)
    : URL.parse(url.replace(/^\/+/, "./"), `${server.apiBaseUrl.replace(/\/+$/, "")}/`);
  if (resolved !== null) return resolved.href;
  throw new GrantkeeperError("invalid_request", "The URL cannot be read.");
}

function allowedOrigins(server: Server): ReadonlySet<string> {
  const endpoints = [
    server.tokenEndpoint,
    server.revocationEndpoint,
    server.userinfoEndpoint,
    server.introspectionEndpoint,
  ];
  const own = endpoints.flatMap((endpoint) => (endpoint === undefined ? [] : [new URL(endpoint).origin]));
  return new Set([...own, ...server.apiOrigins]);
}
