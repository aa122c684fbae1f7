import type { ClientAuthentication } from "../connector/client-authentication.ts";
import type { Json, JsonObject } from "../connector/json.ts";
import type { Account, Connector, IdentityInput, ProviderRequest, ProviderResponse } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { authenticator, clientSecretOf } from "./client-authentication.ts";
import { retryAfter, type Transfer } from "./http.ts";
import { assertCallable, type Server } from "./server.ts";

import { defined, isObject } from "./token-response.ts";
import type { Transport } from "./transport.ts";

export interface ProviderRequestOptions {
  readonly transport: Transport;
  readonly now: () => number;
}

/** Whose tokens a connector's request carries. */
export interface Credentials {
  readonly accessToken: Secret;
  readonly refreshToken?: Secret | undefined;
}

export interface ProviderRequests {
  /** Finds out whose account the tokens belong to. */
  identify(
    connector: Connector,
    server: Server,
    input: Omit<IdentityInput, "response" | "tokenSets"> & {
      readonly tokenSets: Readonly<Record<string, Credentials>>;
    },
  ): Promise<Account | undefined>;
  /** Asks the provider whether an access token is still good, by its identity request; `undefined`: it did not say. */
  isAlive(connector: Connector, server: Server, tokenSet: string, accessToken: Secret): Promise<boolean | undefined>;
  /** Ends one token set at the provider. Never throws: what failed is in the result. */
  revoke(
    connector: Connector,
    server: Server,
    tokenSet: string,
    credentials: Credentials,
  ): Promise<"revoked" | "unsupported" | "failed">;
}

/** Sends what a connector describes, with its own client authentication, limits and origin checks. */
export function createProviderRequests({ transport, now }: ProviderRequestOptions): ProviderRequests {
  async function send(
    connector: Connector,
    server: Server,
    request: ProviderRequest,
    accessToken: Secret | undefined,
  ): Promise<Transfer> {
    const url = resolveUrl(server, request.url);
    assertCallable(connector, "A request", url);
    if (!allowedOrigins(server).has(new URL(url).origin)) {
      throw new GrantkeeperError(
        "invalid_config",
        `Connector "${connector.id}" asks for a request to a foreign origin.`,
      );
    }
    const headers = new Headers({ accept: "application/json", ...connector.apiHeaders, ...request.headers });
    const form = new URLSearchParams(request.form);
    if (request.authentication === "bearer") headers.set("authorization", `Bearer ${accessToken?.reveal() ?? ""}`);
    else {
      const authenticate = authenticator(authenticationOf(connector, request.authentication), now);
      await authenticate(
        { issuer: server.issuer ?? server.tokenEndpoint },
        { client_id: connector.clientId },
        form,
        headers,
      );
    }
    const init: RequestInit = { method: request.method ?? "GET", headers };
    if (request.json !== undefined) {
      headers.set("content-type", "application/json");
      init.body = JSON.stringify(request.json);
    } else if (form.size > 0) init.body = form;
    return transport(url, init);
  }

  async function identify(
    connector: Connector,
    server: Server,
    input: Omit<IdentityInput, "response" | "tokenSets"> & {
      readonly tokenSets: Readonly<Record<string, Credentials>>;
    },
  ): Promise<Account | undefined> {
    const { tokenSets, ...facts } = input;
    const request = identityRequest(connector, server, Object.keys(tokenSets));
    if (request === undefined && connector.identify === undefined && facts.idTokenClaims === undefined)
      return undefined;
    let body: Json | undefined;
    if (request !== undefined) {
      const credentials = tokenSets[request.tokenSet ?? "default"] ?? Object.values(tokenSets)[0];
      const response = answered(connector, await send(connector, server, request, credentials?.accessToken), now());
      body = response.body;
    }
    const read = connector.identify?.read ?? readStandardClaims;
    const account = readSafely(() => read({ ...facts, tokenSets: Object.keys(tokenSets), response: body }));
    // OpenID Connect Core, section 5.3.2: another subject than the ID token's is somebody else's answer.
    const subject = connector.identify === undefined ? facts.idTokenClaims?.["sub"] : undefined;
    if (account === undefined || (subject !== undefined && subject !== account.id)) {
      throw new GrantkeeperError("invalid_response", `The provider did not say whose account this is.`);
    }
    return account;
  }

  async function isAlive(
    connector: Connector,
    server: Server,
    tokenSet: string,
    accessToken: Secret,
  ): Promise<boolean | undefined> {
    const request = identityRequest(connector, server, [tokenSet]);
    if (request === undefined) return undefined;
    const sent = await send(connector, server, request, accessToken);
    if (sent.kind !== "answered") return undefined;
    if (sent.response.status === 401 || connector.rejectsToken?.(sent.response) === true) return false;
    return sent.response.status < 300 ? true : undefined;
  }

  async function revoke(
    connector: Connector,
    server: Server,
    tokenSet: string,
    { accessToken, refreshToken }: Credentials,
  ): Promise<"revoked" | "unsupported" | "failed"> {
    const { clientId } = connector;
    try {
      const tokens = { accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal() };
      const requests =
        connector.revoke?.requests({ tokenSet, ...tokens, clientId }) ?? standardRevocation(server, tokens);
      if (requests.length === 0) return "unsupported";
      const revoked = connector.revoke?.revoked ?? isRevoked;
      for (const request of requests) {
        const sent = await send(connector, server, request, accessToken);
        if (sent.kind !== "answered" || !revoked(sent.response)) return "failed";
      }
      return "revoked";
    } catch {
      // A hook that throws, or a request that may not be sent: the tokens here are given up in any case.
      return "failed";
    }
  }

  return { identify, isAlive, revoke };
}

function authenticationOf(
  { id, clientAuthentication }: Connector,
  wanted: Exclude<ProviderRequest["authentication"], "bearer">,
): ClientAuthentication {
  if (wanted === "client") return clientAuthentication;
  const secret = clientSecretOf(clientAuthentication);
  if (secret !== undefined) return { method: "client_secret_basic", secret, encoding: wanted.basic };
  throw new GrantkeeperError("invalid_config", `Connector "${id}" sends HTTP Basic, and has no client secret.`);
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
  const endpoints = [server.tokenEndpoint, server.revocationEndpoint, server.userinfoEndpoint];
  const own = endpoints.flatMap((endpoint) => (endpoint === undefined ? [] : [new URL(endpoint).origin]));
  return new Set([...own, ...server.apiOrigins]);
}

function identityRequest(
  connector: Connector,
  server: Server,
  tokenSets: readonly string[],
): (ProviderRequest & { readonly tokenSet?: string }) | undefined {
  if (connector.identify !== undefined) return connector.identify.request?.({ tokenSets });
  return server.userinfoEndpoint === undefined ? undefined : { url: server.userinfoEndpoint, authentication: "bearer" };
}

function answered(connector: Connector, sent: Transfer, now: number): ProviderResponse {
  const failed = `The provider could not say whose account this is`;
  if (sent.kind === "unusable") throw new GrantkeeperError("invalid_response", `${failed}.`, { cause: sent.cause });
  if (sent.kind !== "answered") {
    throw new GrantkeeperError("provider_unavailable", `${failed}: it did not answer.`, {
      cause: sent.cause,
      retryAt: new Date(now + 5_000),
    });
  }
  const { status, headers, body } = sent.response;
  if (status >= 500 || status === 429 || status === 408) {
    throw new GrantkeeperError("provider_unavailable", `${failed}: it answered with status ${status}.`, {
      retryAt: retryAfter(headers, now),
    });
  }
  if (status >= 300 || body === undefined || connector.rejectsToken?.(sent.response) === true) {
    throw new GrantkeeperError("invalid_response", `${failed}: it answered with status ${status}.`);
  }
  return sent.response;
}

/** RFC 7009, section 2.1: the refresh token where there is one, since that ends the access token too. */
function standardRevocation(
  server: Server,
  { accessToken, refreshToken }: { readonly accessToken: string; readonly refreshToken: string | undefined },
): readonly ProviderRequest[] {
  if (server.revocationEndpoint === undefined) return [];
  const form = {
    token: refreshToken ?? accessToken,
    token_type_hint: refreshToken === undefined ? "access_token" : "refresh_token",
  };
  return [{ url: server.revocationEndpoint, method: "POST", authentication: "client", form }];
}

/** RFC 7009, section 2.2: a token that is no longer known counts as revoked, also where the provider calls it an error. */
function isRevoked({ status, body }: ProviderResponse): boolean {
  return status < 300 || (status === 400 && isObject(body) && body["error"] === "invalid_token");
}

/** OpenID Connect Core, section 5.1. */
function readStandardClaims({ response, idTokenClaims }: IdentityInput): Account | undefined {
  if (response !== undefined && !isObject(response)) return undefined;
  const claims: JsonObject = { ...idTokenClaims, ...response };
  const subject = response === undefined ? idTokenClaims?.["sub"] : response["sub"];
  if (typeof subject !== "string" || subject === "") return undefined;
  return {
    id: subject,
    ...defined("name", claim(claims["name"]) ?? claim(claims["preferred_username"])),
    ...defined("email", claim(claims["email"])),
    ...defined("avatarUrl", claim(claims["picture"])),
  };
}

function claim(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function readSafely<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    // A reader that trips over an answer has not recognised it; the caller throws for that.
    return undefined;
  }
}
