import * as openid from "openid-client";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { causeWithoutSecrets } from "../errors.ts";
import { type Secret, secretOf, secretOrNone } from "../secret.ts";
import { authenticator, clientSecretOf } from "./client-authentication.ts";
import { createDiscovery, toResponse } from "./discovery.ts";
import type { Transfer } from "./http.ts";
import { assertCallable, expandTemplate, type Server, serverOf } from "./server.ts";
import { type Judgement, judge, refreshTokensOf, type TokenOutcome } from "./token-answer.ts";
import { defined } from "./token-response.ts";
import type { Transport, TransportRequest } from "./transport.ts";

export interface TokenEndpointOptions {
  readonly transport: Transport;
  /** Unix milliseconds. */
  readonly now: () => number;
}

export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: Secret | undefined;
  readonly codeVerifier: Secret | undefined;
  readonly hasRefreshToken: boolean;
}

export interface CodeExchange {
  /** The authorization response's parameters, each of them single. */
  readonly response: URLSearchParams;
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: Secret | undefined;
  readonly codeVerifier: Secret | undefined;
}

export interface RefreshRequest {
  readonly refreshToken: Secret;
  readonly tokenSet: string;
  /** The subject of the ID token that came at connect: another one is refused (OpenID Connect Core, section 12.2). */
  readonly subject: string | undefined;
  /** Asked right before the request leaves. */
  readonly maySend: () => boolean;
}

export interface TokenEndpoint {
  server(connector: Connector, params: Readonly<Record<string, string>>): Promise<Server>;
  authorizationUrl(connector: Connector, server: Server, request: AuthorizationRequest): Promise<URL>;
  exchange(connector: Connector, server: Server, request: CodeExchange): Promise<TokenOutcome>;
  refresh(connector: Connector, server: Server, request: RefreshRequest): Promise<TokenOutcome>;
}

export const randomVerifier: () => Secret = () => secretOf(openid.randomPKCECodeVerifier());
export const randomNonce: () => Secret = () => secretOf(openid.randomNonce());

/** Only this file, client-authentication.ts and discovery.ts know openid-client. */
export function createTokenEndpoint({ transport, now }: TokenEndpointOptions): TokenEndpoint {
  const keys = new Map<string, openid.ExportedJWKSCache>();
  const discover = createDiscovery({ transport, now });

  async function server(connector: Connector, params: Readonly<Record<string, string>>): Promise<Server> {
    const complete = connector.tokenEndpoint !== undefined && connector.authorizationEndpoint !== undefined;
    if (complete || connector.issuer === undefined) return serverOf(connector, params);
    const issuer = expandTemplate(connector.issuer, params);
    assertCallable(connector, "issuer", issuer);
    return serverOf(connector, params, await discover(connector, issuer));
  }

  function configure(connector: Connector, target: Server, tokenEndpoint: string): openid.Configuration {
    const metadata: openid.ServerMetadata = {
      // Without an issuer nothing is compared with this: it only has to be there.
      issuer: target.issuer ?? new URL(tokenEndpoint).origin,
      authorization_endpoint: target.authorizationEndpoint,
      // As openid-client hands it to the fetch below, which tells the token request by it.
      token_endpoint: new URL(tokenEndpoint).href,
      authorization_response_iss_parameter_supported: target.issParameterSupported,
      ...(target.jwksUri === undefined ? {} : { jwks_uri: target.jwksUri }),
      ...(target.idTokenAlgorithms && { id_token_signing_alg_values_supported: [...target.idTokenAlgorithms] }),
    };
    const configuration = new openid.Configuration(
      metadata,
      connector.clientId,
      { [openid.clockSkew]: Math.round((now() - Date.now()) / 1000), [openid.clockTolerance]: 60 },
      authenticator(connector.clientAuthentication, now),
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
      ...(request.nonce === undefined ? {} : { nonce: request.nonce.reveal() }),
      response_type: "code",
      client_id: connector.clientId,
      redirect_uri: request.redirectUri,
      state: request.state,
    };
    if (request.codeVerifier !== undefined) {
      parameters["code_challenge"] = await openid.calculatePKCECodeChallenge(request.codeVerifier.reveal());
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
    const secrets = [secretOrNone(request.response.get("code") ?? undefined), request.codeVerifier];
    const outcome = await send(connector, configuration, { secrets }, () =>
      openid.authorizationCodeGrant(
        configuration,
        current,
        {
          expectedState: request.state,
          ...(request.codeVerifier === undefined ? {} : { pkceCodeVerifier: request.codeVerifier.reveal() }),
          ...(request.nonce === undefined ? {} : { expectedNonce: request.nonce.reveal(), idTokenExpected: true }),
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
    const outcome = await send(
      connector,
      configuration,
      {
        secrets: [request.refreshToken],
        refreshing: request.tokenSet,
        // Of a token that may be sent once, nobody may have to guess whether it has arrived.
        transport: { freshSocket: connector.rotation.kind === "strict", maySend: request.maySend },
      },
      () => openid.refreshTokenGrant(configuration, request.refreshToken.reveal(), { ...connector.refreshParams }),
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
    { secrets, refreshing, transport: how }: GrantRequest,
    grant: () => Promise<openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers>,
  ): Promise<TokenOutcome> {
    let judged: Judgement | undefined;
    let hasLeft = false;
    let keysUnavailable = false;
    configuration.timeout = 0;
    configuration[openid.customFetch] = async (url, init) => {
      hasLeft = true;
      const tokenRequest = url === configuration.serverMetadata().token_endpoint;
      const request = tokenRequest ? encodeBody(connector, init as RequestInit) : (init as RequestInit);
      const sent = await transport(url, request, tokenRequest ? how : undefined);
      if (!tokenRequest) {
        const reading = await readAgain(sent, () => transport(url, request));
        keysUnavailable = !isAnswer(reading);
        return toResponse(reading);
      }
      judged = scrub(judge(connector, sent, refreshing, now()), [
        ...secrets,
        clientSecretOf(connector.clientAuthentication),
      ]);
      if (judged.kind !== "granted") throw new Error(judged.kind);
      return Response.json(judged.primary);
    };
    try {
      const result = await grant();
      if (judged?.kind !== "granted") throw new Error("no token request was made");
      const { tokenSets, tokenResponse } = judged;
      return { kind: "tokens", tokenSets, tokenResponse, idTokenClaims: result.claims() as JsonObject | undefined };
    } catch (error) {
      const cause = causeWithoutSecrets(error);
      if (judged?.kind === "granted") {
        const { tokenSets } = judged;
        return { kind: "invalid", cause, refreshTokens: refreshTokensOf(tokenSets), tokenSets, keysUnavailable };
      }
      if (judged !== undefined) return judged;
      if (hasLeft) return { kind: "ambiguous", answered: false, cause, retryAt: new Date(now() + 5_000) };
      return { kind: "rejected", error: { error: "invalid_request", errorDescription: cause.message } };
    }
  }

  return { server, authorizationUrl, exchange, refresh };
}

/** The tokens are here already, and the keys are all that is missing: they are asked for three times. */
async function readAgain(first: Transfer, read: () => Promise<Transfer>): Promise<Transfer> {
  let sent = first;
  for (let count = 1; count < 3 && !isAnswer(sent); count++) sent = await read();
  return sent;
}

function isAnswer(sent: Transfer): boolean {
  return sent.kind === "answered" && sent.response.status === 200;
}

interface GrantRequest {
  /** What must not be shown in whatever the provider says about it. */
  readonly secrets: readonly (Secret | undefined)[];
  /** The token set that a refresh asks for. */
  readonly refreshing?: string;
  readonly transport?: TransportRequest;
}

/** Takes what was sent out of what the provider says about it: an error's words end up in messages and logs. */
function scrub(judged: Judgement, secrets: readonly (Secret | undefined)[]): Judgement {
  if (judged.kind !== "refused" && judged.kind !== "rejected") return judged;
  // The longest first: of one that another begins with, a rest would be left.
  const found = secrets
    .map((secret) => secret?.reveal() ?? "")
    .filter((secret) => secret !== "")
    .sort((a, b) => b.length - a.length);
  const clean = (text: string): string =>
    found.reduce((line, secret) => line.replaceAll(secret, () => "[redacted]"), String(text));
  const { error, errorDescription } = judged.error;
  const cleaned = { error: clean(error), ...defined("errorDescription", errorDescription && clean(errorDescription)) };
  return { kind: judged.kind, error: cleaned };
}

function encodeBody(connector: Connector, init: RequestInit): RequestInit {
  if (connector.bodyFormat !== "json" || !(init.body instanceof URLSearchParams)) return init;
  const headers = new Headers(init.headers);
  headers.set("content-type", "application/json");
  return { ...init, headers, body: JSON.stringify(Object.fromEntries(init.body)) };
}
