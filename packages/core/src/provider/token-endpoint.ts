import * as openid from "openid-client";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { causeWithoutSecrets, GrantkeeperError } from "../errors.ts";
import { type Fetch, type Transfer, transfer } from "./http.ts";
import { type Server, serverOf } from "./server.ts";
import { type Judgement, judge, refreshTokensOf, type TokenOutcome } from "./token-answer.ts";

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
  const keys = new Map<string, openid.ExportedJWKSCache>();
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

  /** OpenID Connect Discovery, section 4 first, then RFC 8414, section 3.1: issuers with a path differ in the two. */
  async function discover(connector: Connector, issuer: string): Promise<openid.ServerMetadata> {
    const first = await discoverBy("oidc", connector, issuer);
    if ("issuer" in first) return first;
    const second = first.status === 404 ? await discoverBy("oauth2", connector, issuer) : first;
    if ("issuer" in second) return second;
    const unavailable = second.status === undefined || second.status >= 500 || [408, 429].includes(second.status);
    throw new GrantkeeperError(
      unavailable ? "provider_unavailable" : "invalid_response",
      `The metadata of the issuer of "${connector.id}" could not be read.`,
      { cause: second.cause, ...(unavailable ? { retryAt: new Date(now() + 5_000) } : {}) },
    );
  }

  async function discoverBy(
    algorithm: "oidc" | "oauth2",
    connector: Connector,
    issuer: string,
  ): Promise<openid.ServerMetadata | { readonly status: number | undefined; readonly cause: Error }> {
    let status: number | undefined;
    const customFetch: openid.CustomFetch = async (url, init) => {
      const sent = await transfer(fetch, url, init as RequestInit, { timeoutMs: callTimeoutMs });
      status = sent.kind === "answered" ? sent.response.status : sent.kind === "unusable" ? sent.status : undefined;
      return toResponse(sent);
    };
    let metadata: openid.ServerMetadata;
    try {
      const configuration = await openid.discovery(new URL(issuer), connector.clientId, undefined, openid.None(), {
        algorithm,
        [openid.customFetch]: customFetch,
        ...(connector.loopback === true ? { execute: [openid.allowInsecureRequests] } : {}),
      });
      metadata = configuration.serverMetadata();
    } catch (error) {
      return { status, cause: causeWithoutSecrets(error) };
    }
    // RFC 8414, section 3.3 asks for identical strings; openid-client compares URLs after normalising them.
    if (metadata.issuer === issuer) return metadata;
    throw new GrantkeeperError("invalid_response", `The metadata of "${connector.id}" names another issuer.`);
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
      response_type: "code",
      client_id: connector.clientId,
      redirect_uri: request.redirectUri,
      state: request.state,
    };
    if (request.codeVerifier !== undefined) {
      parameters["code_challenge"] = await openid.calculatePKCECodeChallenge(request.codeVerifier);
      parameters["code_challenge_method"] = "S256";
    }
    return openid.buildAuthorizationUrl(configure(connector, target, target.tokenEndpoint), parameters);
  }

  async function exchange(connector: Connector, target: Server, request: CodeExchange): Promise<TokenOutcome> {
    const configuration = configure(connector, target, target.tokenEndpoint);
    const { issuer, jwksUri } = target;
    if (issuer !== undefined && jwksUri !== undefined) {
      openid.enableNonRepudiationChecks(configuration);
      const known = keys.get(jwksUri);
      if (known !== undefined) openid.setJwksCache(configuration, known);
    }
    const current = new URL(request.redirectUri);
    for (const [name, value] of request.response) current.searchParams.append(name, value);
    // A provider without a known issuer cannot be compared; its own redirect URI tells it from others (RFC 9700, 4.4.2.2).
    if (target.issuer === undefined) current.searchParams.delete("iss");
    const outcome = await send(connector, configuration, undefined, () =>
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
    const read = openid.getJwksCache(configuration);
    if (jwksUri !== undefined && read !== undefined) keys.set(jwksUri, read);
    return outcome;
  }

  // A refreshed ID token came straight from the token endpoint over TLS, which OpenID Connect Core, section 3.1.3.7 (6)
  // takes for its signature: fetching keys here would stand between a rotated refresh token and its commit.

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

function issuerOf(connector: Connector): string | undefined {
  return connector.issuer;
}
