import * as openid from "openid-client";
import type { JsonObject } from "./connector/json.ts";
import type { Connector, OAuthError, ProviderResponse } from "./connector/types.ts";
import { causeWithoutSecrets, GrantkeeperError } from "./errors.ts";
import { type Fetch, retryAfter, type Transfer, transfer } from "./provider-http.ts";
import { type Server, serverOf } from "./server.ts";
import { isObject, type NormalTokenResponse, normaliseTokenResponse } from "./token-response.ts";

/** How a token request ended. Only `tokens` gives tokens that may be used. */
export type TokenOutcome =
  | {
      readonly kind: "tokens";
      /** By name; each has an access token. */
      readonly tokenSets: Readonly<Record<string, NormalTokenResponse & { readonly access_token: string }>>;
      readonly tokenResponse: JsonObject;
      readonly idTokenClaims: JsonObject | undefined;
    }
  /** `invalid_grant`: the code or the refresh token is not, or no longer, good. */
  | { readonly kind: "refused"; readonly error: OAuthError }
  /** The request or the client is at fault: nothing was spent. */
  | { readonly kind: "rejected"; readonly error: OAuthError }
  /** The provider asked for patience before it looked at the request: nothing was spent. */
  | { readonly kind: "throttled"; readonly status: number; readonly retryAt: Date }
  /** It never left: nothing was spent. */
  | { readonly kind: "unsent"; readonly cause: Error }
  /** The provider may have acted on it. */
  | { readonly kind: "ambiguous"; readonly cause: Error; readonly retryAt: Date }
  /** A success that cannot be used. What it held of refresh tokens is kept all the same, by set. */
  | { readonly kind: "invalid"; readonly cause: Error; readonly refreshTokens: Readonly<Record<string, string>> };

export interface TokenEndpointOptions {
  readonly fetch: Fetch;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly callTimeoutMs: number;
}

export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string | undefined;
  readonly codeVerifier: string | undefined;
  readonly hasRefreshToken: boolean;
}

export interface CodeExchange {
  /** The authorization response's parameters, each of them single. */
  readonly response: URLSearchParams;
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string | undefined;
  readonly codeVerifier: string | undefined;
}

export interface RefreshRequest {
  readonly refreshToken: string;
  readonly tokenSet: string;
  /** The subject of the ID token that came at connect: another one is refused (OpenID Connect Core, section 12.2). */
  readonly subject: string | undefined;
}

export interface TokenEndpoint {
  server(connector: Connector, params: Readonly<Record<string, string>>): Promise<Server>;
  authorizationUrl(connector: Connector, server: Server, request: AuthorizationRequest): Promise<URL>;
  exchange(connector: Connector, server: Server, request: CodeExchange): Promise<TokenOutcome>;
  refresh(connector: Connector, server: Server, request: RefreshRequest): Promise<TokenOutcome>;
}

export const randomVerifier: () => string = openid.randomPKCECodeVerifier;
export const randomNonce: () => string = openid.randomNonce;

const discoveryCacheMs = 60 * 60 * 1000;

/** The only place that knows openid-client. */
export function createTokenEndpoint({ fetch, now, callTimeoutMs }: TokenEndpointOptions): TokenEndpoint {
  const discovered = new Map<string, { readonly at: number; readonly metadata: openid.ServerMetadata }>();

  async function server(connector: Connector, params: Readonly<Record<string, string>>): Promise<Server> {
    if (connector.tokenEndpoint !== undefined && connector.authorizationEndpoint !== undefined) {
      return serverOf(connector, params);
    }
    const { issuer } = serverOf(
      { ...connector, authorizationEndpoint: issuerOf(connector), tokenEndpoint: issuerOf(connector) },
      params,
    );
    if (issuer === undefined)
      throw new GrantkeeperError("invalid_config", `Connector "${connector.id}" has no issuer.`);
    const cached = discovered.get(issuer);
    if (cached !== undefined && now() - cached.at < discoveryCacheMs)
      return serverOf(connector, params, cached.metadata);
    const metadata = await discover(connector, issuer);
    discovered.set(issuer, { at: now(), metadata });
    return serverOf(connector, params, metadata);
  }

  async function discover(connector: Connector, issuer: string): Promise<openid.ServerMetadata> {
    let last: Transfer | undefined;
    const customFetch: openid.CustomFetch = async (url, init) => {
      last = await transfer(fetch, url, init as RequestInit, { timeoutMs: callTimeoutMs });
      return toResponse(last);
    };
    try {
      const configuration = await openid.discovery(new URL(issuer), connector.clientId, undefined, openid.None(), {
        [openid.customFetch]: customFetch,
        ...(connector.loopback === true ? { execute: [openid.allowInsecureRequests] } : {}),
      });
      const metadata = configuration.serverMetadata();
      // RFC 8414, section 3.3 asks for identical strings; openid-client compares URLs after normalising them.
      if (metadata.issuer !== issuer) {
        throw new GrantkeeperError("invalid_response", `The metadata of "${connector.id}" names another issuer.`);
      }
      return metadata;
    } catch (error) {
      if (error instanceof GrantkeeperError) throw error;
      const unavailable = last?.kind === "unsent" || last?.kind === "ambiguous" || isOverloaded(last);
      throw new GrantkeeperError(
        unavailable ? "provider_unavailable" : "invalid_response",
        `The metadata of the issuer of "${connector.id}" could not be read.`,
        { cause: causeWithoutSecrets(error), ...(unavailable ? { retryAt: new Date(now() + 5_000) } : {}) },
      );
    }
  }

  function configure(connector: Connector, target: Server, tokenEndpoint: string): openid.Configuration {
    const metadata: openid.ServerMetadata = {
      // Without an issuer nothing is compared with this: it only has to be there.
      issuer: target.issuer ?? new URL(tokenEndpoint).origin,
      authorization_endpoint: target.authorizationEndpoint,
      token_endpoint: tokenEndpoint,
      authorization_response_iss_parameter_supported: target.issParameterSupported,
      ...(target.jwksUri === undefined ? {} : { jwks_uri: target.jwksUri }),
    };
    const configuration = new openid.Configuration(
      metadata,
      connector.clientId,
      { [openid.clockSkew]: Math.round((now() - Date.now()) / 1000), [openid.clockTolerance]: 60 },
      clientAuthentication(connector),
    );
    if (connector.loopback === true) openid.allowInsecureRequests(configuration);
    if (target.issuer !== undefined && target.jwksUri !== undefined) openid.enableNonRepudiationChecks(configuration);
    return configuration;
  }

  async function authorizationUrl(connector: Connector, target: Server, request: AuthorizationRequest): Promise<URL> {
    const extra =
      typeof connector.authorizationParams === "function"
        ? connector.authorizationParams({ hasRefreshToken: request.hasRefreshToken })
        : connector.authorizationParams;
    const parameters: Record<string, string> = {
      ...extra,
      ...(connector.scopes.length === 0 ? {} : { scope: connector.scopes.join(connector.scopeSeparator) }),
      ...(connector.responseMode === undefined ? {} : { response_mode: connector.responseMode }),
      ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
      redirect_uri: request.redirectUri,
      state: request.state,
    };
    if (request.codeVerifier !== undefined) {
      parameters["code_challenge"] = await openid.calculatePKCECodeChallenge(request.codeVerifier);
      parameters["code_challenge_method"] = "S256";
    }
    return openid.buildAuthorizationUrl(configure(connector, target, target.tokenEndpoint), parameters);
  }

  function exchange(connector: Connector, target: Server, request: CodeExchange): Promise<TokenOutcome> {
    const configuration = configure(connector, target, target.tokenEndpoint);
    const current = new URL(request.redirectUri);
    for (const [name, value] of request.response) current.searchParams.append(name, value);
    // A provider without a known issuer cannot be compared; its own redirect URI tells it from others (RFC 9700, 4.4.2.2).
    if (target.issuer === undefined) current.searchParams.delete("iss");
    return send(connector, configuration, undefined, () =>
      openid.authorizationCodeGrant(
        configuration,
        current,
        {
          expectedState: request.state,
          ...(request.codeVerifier === undefined ? {} : { pkceCodeVerifier: request.codeVerifier }),
          ...(request.nonce === undefined ? {} : { expectedNonce: request.nonce, idTokenExpected: true }),
        },
        { ...connector.tokenParams },
      ),
    );
  }

  async function refresh(connector: Connector, target: Server, request: RefreshRequest): Promise<TokenOutcome> {
    const configuration = configure(connector, target, target.refreshEndpoint);
    const outcome = await send(connector, configuration, request.tokenSet, () =>
      openid.refreshTokenGrant(configuration, request.refreshToken, { ...connector.refreshParams }),
    );
    const subject = outcome.kind === "tokens" ? outcome.idTokenClaims?.["sub"] : undefined;
    if (outcome.kind !== "tokens" || subject === undefined || request.subject === undefined) return outcome;
    if (subject === request.subject) return outcome;
    return {
      kind: "invalid",
      cause: new Error("the refreshed ID token names another subject"),
      refreshTokens: refreshTokensOf(outcome.tokenSets),
    };
  }

  /** Runs one grant of openid-client, with the answer judged and normalised before openid-client sees it. */
  async function send(
    connector: Connector,
    configuration: openid.Configuration,
    refreshing: string | undefined,
    grant: () => Promise<openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers>,
  ): Promise<TokenOutcome> {
    let judged: Judgement | undefined;
    configuration.timeout = 0;
    configuration[openid.customFetch] = async (url, init) => {
      const tokenRequest = url === configuration.serverMetadata().token_endpoint;
      const request = tokenRequest ? encodeBody(connector, init as RequestInit) : (init as RequestInit);
      const sent = await transfer(fetch, url, request, { timeoutMs: callTimeoutMs });
      if (!tokenRequest) return toResponse(sent);
      judged = judge(connector, sent, refreshing, now());
      if (judged.kind !== "granted") throw new Error(judged.kind);
      return Response.json(judged.primary);
    };
    try {
      const result = await grant();
      if (judged?.kind !== "granted") throw new Error("no token request was made");
      const { tokenSets, tokenResponse } = judged;
      return { kind: "tokens", tokenSets, tokenResponse, idTokenClaims: result.claims() as JsonObject | undefined };
    } catch (error) {
      if (judged === undefined)
        return {
          kind: "rejected",
          error: { error: "invalid_request", errorDescription: causeWithoutSecrets(error).message },
        };
      if (judged.kind !== "granted") return judged;
      return { kind: "invalid", cause: causeWithoutSecrets(error), refreshTokens: refreshTokensOf(judged.tokenSets) };
    }
  }

  return { server, authorizationUrl, exchange, refresh };
}

type Judgement =
  | Exclude<TokenOutcome, { kind: "tokens" }>
  | {
      readonly kind: "granted";
      /** The set that openid-client validates. */
      readonly primary: NormalTokenResponse;
      readonly tokenSets: Readonly<Record<string, NormalTokenResponse & { readonly access_token: string }>>;
      readonly tokenResponse: JsonObject;
    };

/** What an answer of the token endpoint means. Pure, so that each rule can be tested with a literal answer. */
export function judge(connector: Connector, sent: Transfer, refreshing: string | undefined, now: number): Judgement {
  if (sent.kind === "unsent") return sent;
  if (sent.kind === "ambiguous") return { ...sent, retryAt: new Date(now + 5_000) };
  if (sent.kind === "unusable") return { kind: "invalid", cause: sent.cause, refreshTokens: {} };
  const { response } = sent;
  const { status } = response;
  if (status === 429) return { kind: "throttled", status, retryAt: retryAfter(response.headers, now) };
  if (status >= 500 || status === 408) {
    return { kind: "ambiguous", cause: new Error(`status ${status}`), retryAt: retryAfter(response.headers, now) };
  }
  const error = readError(connector, response);
  if (error !== undefined) return judgeError(error, now);
  if (status < 200 || status >= 300 || !isObject(response.body)) {
    return { kind: "invalid", cause: new Error(`status ${status} without a token response`), refreshTokens: {} };
  }
  return judgeTokens(connector, response.body, refreshing);
}

function judgeError(error: OAuthError, now: number): Judgement {
  switch (error.error) {
    case "invalid_grant":
      return { kind: "refused", error };
    case "temporarily_unavailable":
    case "server_error":
    case "slow_down":
      return { kind: "ambiguous", cause: new Error(error.error), retryAt: new Date(now + 5_000) };
    default:
      return { kind: "rejected", error };
  }
}

function judgeTokens(connector: Connector, body: JsonObject, refreshing: string | undefined): Judgement {
  const read = readTokenSets(connector, body);
  const refreshTokens = refreshTokensOf(read);
  const usable = Object.entries(read).flatMap(([name, response]) =>
    response.access_token === undefined ? [] : [[name, { ...response, access_token: response.access_token }] as const],
  );
  // A refresh answers for the one set that was asked for, even where the provider files it under `default`.
  const tokenSets = Object.fromEntries(
    refreshing === undefined || usable.some(([name]) => name === refreshing)
      ? usable
      : usable.slice(0, 1).map(([, response]) => [refreshing, response]),
  );
  const primary = tokenSets[refreshing ?? "default"] ?? Object.values(tokenSets)[0];
  if (primary === undefined) return { kind: "invalid", cause: new Error("no access token"), refreshTokens };
  const { id_token: _, ...withoutIdToken } = primary;
  // Only an OpenID provider's ID token can be validated; elsewhere it is somebody's extra field.
  return {
    kind: "granted",
    primary: connector.issuer === undefined ? withoutIdToken : primary,
    tokenSets,
    tokenResponse: body,
  };
}

function readTokenSets(connector: Connector, body: JsonObject): Record<string, NormalTokenResponse> {
  let raw: Readonly<Record<string, JsonObject>>;
  try {
    raw = connector.readTokens?.(body) ?? { default: body };
  } catch {
    // A hook that fails on this answer must not cost the refresh token in it.
    raw = { default: body };
  }
  return Object.fromEntries(
    Object.entries(raw)
      .filter(([, response]) => isObject(response))
      .map(([name, response]) => [name, normaliseTokenResponse(response)]),
  );
}

function readError(connector: Connector, response: ProviderResponse): OAuthError | undefined {
  const read = connector.readError?.(response);
  if (read !== undefined) return read;
  const error = isObject(response.body) ? response.body["error"] : undefined;
  if (typeof error !== "string" || error === "") return undefined;
  const description = isObject(response.body) ? response.body["error_description"] : undefined;
  return typeof description === "string" ? { error, errorDescription: description } : { error };
}

function refreshTokensOf(sets: Readonly<Record<string, NormalTokenResponse>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(sets).flatMap(([name, set]) => (set.refresh_token === undefined ? [] : [[name, set.refresh_token]])),
  );
}

/** The client authentication of a connector, for every leg: it writes into a request's body or headers. */
export function clientAuthentication(connector: Connector): openid.ClientAuth {
  const secret = connector.clientSecret ?? "";
  switch (connector.clientAuth) {
    case "none":
      return openid.None();
    case "client_secret_post":
      return openid.ClientSecretPost(secret);
    case "client_secret_basic":
      return connector.basicEncoding === "raw"
        ? (_server, client, _body, headers) => {
            headers.set("authorization", `Basic ${Buffer.from(`${client.client_id}:${secret}`).toString("base64")}`);
          }
        : openid.ClientSecretBasic(secret);
  }
}

function encodeBody(connector: Connector, init: RequestInit): RequestInit {
  if (connector.bodyFormat !== "json" || !(init.body instanceof URLSearchParams)) return init;
  const headers = new Headers(init.headers);
  headers.set("content-type", "application/json");
  return { ...init, headers, body: JSON.stringify(Object.fromEntries(init.body)) };
}

function toResponse(sent: Transfer): Response {
  if (sent.kind !== "answered") throw sent.cause;
  const { status, body } = sent.response;
  return Response.json(body ?? null, { status });
}

function isOverloaded(sent: Transfer | undefined): boolean {
  return sent?.kind === "answered" && (sent.response.status >= 500 || sent.response.status === 429);
}

function issuerOf(connector: Connector): string | undefined {
  return connector.issuer;
}
