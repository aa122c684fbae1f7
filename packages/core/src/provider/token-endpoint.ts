import * as openid from "openid-client";
import type { CredentialRequest } from "../connector/credentials.ts";
import type { Connector } from "../connector/types.ts";
import { isGrantkeeperError } from "../errors.ts";
import { type Secret, secretOf, secretOrNone } from "../secret.ts";
import { sign } from "./assertion.ts";
import { type AuthorizationRequest, createAuthorizationUrls } from "./authorization-url.ts";
import { configure, createConfigurations } from "./configuration.ts";
import { describedRequest } from "./described-request.ts";
import { createDeviceAuthorization, type DeviceAuthorization } from "./device-authorization.ts";
import { createDiscovery } from "./discovery.ts";
import { assertCallable, assertProcess, expandTemplate, type Server, serverOf } from "./server.ts";
import { judge, refreshTokensOf, type TokenOutcome } from "./token-answer.ts";
import { createTokenRequests, scrub, type TokenRequest } from "./token-request.ts";
import type { Transport } from "./transport.ts";

export interface TokenEndpointOptions {
  readonly transport: Transport;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface CodeExchange {
  /** The authorization response's parameters, each of them single. */
  readonly response: URLSearchParams;
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: Secret | undefined;
  readonly codeVerifier: Secret | undefined;
  /** Seconds since the user has signed in, at most: what was asked of the authorization endpoint. */
  readonly maxAge: number | undefined;
}

export interface RefreshRequest {
  readonly refreshToken: Secret;
  readonly tokenSet: string;
  /** The subject of the ID token that came at connect: another one is refused (OpenID Connect Core, section 12.2). */
  readonly subject: string | undefined;
  /** Asked right before the request leaves. */
  readonly maySend: () => boolean;
}

export interface CredentialExchange {
  readonly request: CredentialRequest;
  /** What of it must not be shown. */
  readonly secrets: readonly Secret[];
  readonly maySend: () => boolean;
}

export interface TokenEndpoint {
  server(connector: Connector, params: Readonly<Record<string, string>>): Promise<Server>;
  authorizationUrl(connector: Connector, server: Server, request: AuthorizationRequest): Promise<URL>;
  exchange(connector: Connector, server: Server, request: CodeExchange): Promise<TokenOutcome>;
  refresh(connector: Connector, server: Server, request: RefreshRequest): Promise<TokenOutcome>;
  /** RFC 8628, section 3.1. */
  authorizeDevice(connector: Connector, server: Server, scopes: readonly string[]): Promise<DeviceAuthorization>;
  /** One poll (RFC 8628, section 3.4). */
  pollDevice(connector: Connector, server: Server, deviceCode: Secret): Promise<TokenOutcome>;
  /** Asks for tokens with what a connector makes of credentials. */
  exchangeCredentials(connector: Connector, server: Server, exchange: CredentialExchange): Promise<TokenOutcome>;
}

export const randomVerifier: () => Secret = () => secretOf(openid.randomPKCECodeVerifier());
export const randomNonce: () => Secret = () => secretOf(openid.randomNonce());

/** RFC 7523, section 2.1: beside an assertion a `client_id` is needed by client authentication alone. */
const namesNobody: openid.ClientAuth = () => {};

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

export function createTokenEndpoint({ transport, now }: TokenEndpointOptions): TokenEndpoint {
  const keys = new Map<string, openid.ExportedJWKSCache>();
  const servers = new WeakMap<Connector, Server>();
  const discover = createDiscovery({ transport, now });
  const send = createTokenRequests(transport, now);
  const configurations = createConfigurations(now);

  async function server(connector: Connector, params: Readonly<Record<string, string>>): Promise<Server> {
    const complete = connector.tokenEndpoint !== undefined && connector.authorizationEndpoint !== undefined;
    if (complete || connector.issuer === undefined) return describedServer(connector, params);
    const issuer = expandTemplate(connector.issuer, params);
    assertCallable(connector, "issuer", issuer);
    return serverOf(connector, params, await discover(connector, issuer));
  }

  /** Where neither a param nor the issuer's metadata says anything, a connector's server is always the same. */
  function describedServer(connector: Connector, params: Readonly<Record<string, string>>): Server {
    const known = servers.get(connector);
    if (known !== undefined) {
      assertProcess(connector);
      return known;
    }
    const target = serverOf(connector, params);
    if (Object.keys(params).length === 0) servers.set(connector, target);
    return target;
  }

  /** Runs a grant that may bring an ID token, whose signature is checked with the issuer's keys. */
  async function withKeys(
    connector: Connector,
    target: Server,
    request: TokenRequest,
    grant: (configuration: openid.Configuration) => ReturnType<typeof openid.genericGrantRequest>,
    authenticate?: openid.ClientAuth,
  ): Promise<TokenOutcome> {
    const configuration = configure(connector, target, target.tokenEndpoint, now, authenticate);
    const { issuer, jwksUri } = target;
    if (issuer !== undefined && jwksUri !== undefined) {
      openid.enableNonRepudiationChecks(configuration);
      const known = keys.get(jwksUri);
      if (known !== undefined) openid.setJwksCache(configuration, known);
    }
    const outcome = await send(connector, configuration, request, () => grant(configuration));
    const read = openid.getJwksCache(configuration);
    if (jwksUri !== undefined && read !== undefined) keys.set(jwksUri, read);
    return outcome;
  }

  function exchange(connector: Connector, target: Server, request: CodeExchange): Promise<TokenOutcome> {
    const current = new URL(request.redirectUri);
    for (const [name, value] of request.response) current.searchParams.append(name, value);
    // A provider without a known issuer cannot be compared; its own redirect URI tells it from others (RFC 9700, 4.4.2.2).
    if (target.issuer === undefined) current.searchParams.delete("iss");
    const secrets = [secretOrNone(request.response.get("code") ?? undefined), request.codeVerifier];
    return withKeys(connector, target, { secrets }, (configuration) =>
      openid.authorizationCodeGrant(
        configuration,
        current,
        {
          expectedState: request.state,
          ...(request.codeVerifier === undefined ? {} : { pkceCodeVerifier: request.codeVerifier.reveal() }),
          ...(request.nonce === undefined ? {} : { expectedNonce: request.nonce.reveal(), idTokenExpected: true }),
          ...(request.maxAge === undefined ? {} : { maxAge: request.maxAge }),
        },
        tokenParamsOf(connector),
      ),
    );
  }

  // A refreshed ID token came straight from the token endpoint over TLS, which OpenID Connect Core, section 3.1.3.7 (6)
  // takes for its signature: fetching keys here would stand between a rotated refresh token and its commit.

  async function refresh(connector: Connector, target: Server, request: RefreshRequest): Promise<TokenOutcome> {
    const about: TokenRequest = {
      secrets: [request.refreshToken],
      refreshing: request.tokenSet,
      // Of a token that may be sent once, nobody may have to guess whether it has arrived.
      transport: { freshSocket: connector.rotation.kind === "strict", maySend: request.maySend },
    };
    const params = { ...connector.refreshParams, ...resourceOf(connector) };
    const outcome = await configurations.use(connector, target, (configuration) =>
      send(connector, configuration, about, () =>
        openid.refreshTokenGrant(configuration, request.refreshToken.reveal(), params),
      ),
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

  async function exchangeCredentials(
    connector: Connector,
    target: Server,
    { request, secrets, maySend }: CredentialExchange,
  ): Promise<TokenOutcome> {
    const how = { freshSocket: false, maySend };
    try {
      if ("request" in request) {
        const bearer = await sign(request.bearer, now());
        const { url, init } = describedRequest(connector, target, request.request, { accessToken: bearer });
        const answer = judge(connector, await transport(url, init, how), "default", now());
        const judged = scrub(answer, [...secrets, bearer]);
        if (judged.kind !== "granted") return judged;
        const { tokenSets, tokenResponse } = judged;
        return { kind: "tokens", tokenSets, tokenResponse, idTokenClaims: undefined };
      }
      const assertion = request.assertion === undefined ? undefined : await sign(request.assertion, now());
      const form = { ...request.form, ...(assertion === undefined ? {} : { assertion: assertion.reveal() }) };
      const hidden = assertion === undefined ? secrets : [...secrets, assertion];
      return await withKeys(
        connector,
        target,
        { secrets: hidden, refreshing: "default", transport: how },
        (configuration) =>
          openid.genericGrantRequest(configuration, request.grantType, { ...tokenParamsOf(connector), ...form }),
        assertion !== undefined && connector.clientAuthentication.method === "none" ? namesNobody : undefined,
      );
    } catch (error) {
      if (isGrantkeeperError(error)) return { kind: "unproven", error };
      throw error;
    }
  }

  return {
    server,
    authorizationUrl: createAuthorizationUrls(transport, now),
    exchange,
    refresh,
    authorizeDevice: createDeviceAuthorization(transport, now),
    pollDevice: (connector, target, deviceCode) =>
      withKeys(connector, target, { secrets: [deviceCode] }, (configuration) =>
        openid.genericGrantRequest(configuration, deviceGrant, {
          ...tokenParamsOf(connector),
          device_code: deviceCode.reveal(),
        }),
      ),
    exchangeCredentials,
  };
}

function tokenParamsOf(connector: Connector): Record<string, string> {
  return { ...connector.tokenParams, ...resourceOf(connector) };
}

/** RFC 8707, section 2.2. */
function resourceOf({ resource }: Connector): { readonly resource?: string } {
  return resource === undefined ? {} : { resource };
}
