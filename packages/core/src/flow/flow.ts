import { randomBytes } from "node:crypto";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Logger } from "../events.ts";
import type { Grants } from "../grant/grants.ts";
import { notConnected } from "../grant/leases.ts";
import { requestedScopes } from "../grant/scopes.ts";
import { clientSecretOf } from "../provider/client-authentication.ts";
import { type Connectors, checkParams } from "../provider/connectors.ts";
import { withoutSecrets } from "../provider/errors.ts";
import type { ProviderRequests } from "../provider/requests.ts";
import type { Server } from "../provider/server.ts";
import type { TokenOutcome } from "../provider/token-answer.ts";
import { randomNonce, randomVerifier, type TokenEndpoint } from "../provider/token-endpoint.ts";
import { type TokenSet, toTokenSet } from "../provider/token-response.ts";
import type { Refresh } from "../refresh/refresh.ts";
import { fromSealed, type Secret, sameSecret, secretOrNone, toSealable } from "../secret.ts";
import type { Store } from "../store/port.ts";
import type { Vault } from "../vault/vault.ts";
import { abandonTokens } from "./abandon-tokens.ts";
import { type AuthorizationResponse, readAuthorizationResponse } from "./authorization-response.ts";
import type { BrowserBinding } from "./browser-binding.ts";
import type { NewConsent, SavedConsent } from "./connect.ts";
import { authorizationError, exchangeError, flowExpired, stateMismatch } from "./flow-errors.ts";
import { checkReturnTo } from "./return-to.ts";
import type { CallbackRequest, FinishedFlow, FlowStart, StartedFlow } from "./types.ts";

export interface FlowOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly store: Store;
  readonly vault: Vault;
  readonly tokenEndpoint: TokenEndpoint;
  readonly providerRequests: ProviderRequests;
  readonly connect: (consent: NewConsent) => Promise<SavedConsent>;
  readonly refresh: Refresh;
  readonly binding: BrowserBinding;
  /** Whether some connector answers by a form of the provider's page: all flows share the cookie, so it suits that one. */
  readonly crossSite: boolean;
  readonly callbackUrl: URL;
  readonly returnToOrigins: readonly string[];
  readonly now: () => number;
  readonly logger: Logger;
}

export interface Flows {
  start(connectorKey: string, start: FlowStart): Promise<StartedFlow>;
  finish(request: CallbackRequest, options: { readonly owner: string }): Promise<FinishedFlow>;
}

/** What lies sealed in the store between start and callback. */
interface FlowRecord {
  readonly connectorKey: string;
  readonly owner: string;
  readonly params: Readonly<Record<string, string>>;
  readonly returnTo: string;
  readonly connectionId: string | undefined;
  readonly metadata: JsonObject | undefined;
  readonly nonce: Secret | undefined;
  readonly codeVerifier: Secret | undefined;
  readonly redirectUri: string;
  readonly issuer: string | undefined;
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly requestedScopes: Readonly<Record<string, readonly string[]>>;
  readonly expiresAt: number;
}

/** RFC 9700, section 4.7.1 and OpenID Connect practice: ten minutes for a person to decide. */
const flowLifetimeMs = 10 * 60 * 1000;

export function createFlows(options: FlowOptions): Flows {
  const { connectors, grants, store, vault, tokenEndpoint, providerRequests, binding, callbackUrl, now } = options;

  async function start(connectorKey: string, request: FlowStart): Promise<StartedFlow> {
    const connector = connectors.get(connectorKey);
    const owner = checkOwner(request.owner);
    const previous = request.connectionId === undefined ? undefined : await grants.read(request.connectionId);
    if (request.connectionId !== undefined) {
      if (previous?.grant.owner !== owner || previous.grant.connector !== connectorKey) throw notConnected();
    }
    if (previous !== undefined && request.params !== undefined) {
      throw new GrantkeeperError("invalid_request", "A reconnect takes its params from the connection.");
    }
    const params = checkParams(connector, previous?.grant.params ?? request.params);
    const returnTo = checkReturnTo(request.returnTo ?? "/", callbackUrl, options.returnToOrigins);
    await grants.ready();
    const server = await tokenEndpoint.server(connector, params);
    const record: FlowRecord = {
      connectorKey,
      owner,
      params,
      returnTo,
      connectionId: request.connectionId,
      metadata: request.metadata,
      nonce: server.issuer !== undefined && connector.scopes.includes("openid") ? randomNonce() : undefined,
      codeVerifier: connector.pkce === "S256" ? randomVerifier() : undefined,
      redirectUri: redirectUriOf(callbackUrl, connectorKey),
      issuer: server.issuer,
      tokenEndpoint: server.tokenEndpoint,
      clientId: connector.clientId,
      requestedScopes: requestedScopes(connector),
      expiresAt: now() + flowLifetimeMs,
    };
    const state = createState(now());
    const bound = binding.read(request.request?.headers) ?? binding.create();
    const key = grants.hashFlow(state, bound, owner, connectorKey);
    const sealed = await vault.seal(toSealable(record), { kind: "flow", id: key, version: 1 });
    await store.flows.put(key, sealed, flowLifetimeMs);
    const { redirectUri, nonce, codeVerifier } = record;
    const tokenSet = previous?.grant.tokenSets["default"];
    const own =
      previous?.grant.clientId === connector.clientId && previous.grant.tokenEndpoint === server.tokenEndpoint;
    const hasRefreshToken =
      own && tokenSet?.refreshToken !== undefined && previous?.grant.ended["default"] === undefined;
    const url = await tokenEndpoint.authorizationUrl(connector, server, {
      redirectUri,
      state,
      nonce,
      codeVerifier,
      hasRefreshToken,
    });
    return {
      url,
      headers: new Headers({ "set-cookie": binding.cookie(bound, options.crossSite) }),
    };
  }

  async function finish(request: CallbackRequest, { owner }: { readonly owner: string }): Promise<FinishedFlow> {
    checkOwner(owner);
    const response = await readAuthorizationResponse(request, callbackUrl);
    const { connectorKey } = response;
    const connector = connectors.get(connectorKey);
    const record = await take(response, request, owner);
    const server = await tokenEndpoint.server(connector, record.params);
    assertSameServer(record, connector, server);
    assertIssuer(response, server);
    if (response.error !== undefined) {
      const secrets = [clientSecretOf(connector.clientAuthentication), record.nonce, record.codeVerifier];
      throw authorizationError(withoutSecrets(response.error, secrets), connectorKey, now());
    }
    const outcome = await tokenEndpoint.exchange(connector, server, {
      response: response.parameters,
      redirectUri: record.redirectUri,
      state: response.state,
      nonce: record.nonce,
      codeVerifier: record.codeVerifier,
    });
    const tokenSets = toTokenSets(connector, outcome, record.requestedScopes);
    const abandon = (): Promise<void> => abandonTokens(options, connector, server, tokenSets);
    if (outcome.kind !== "tokens") {
      await abandon();
      throw exchangeError(outcome, connectorKey, now());
    }
    const { params } = record;
    const { tokenResponse, idTokenClaims } = outcome;
    const facts = { tokenSets, tokenResponse, idTokenClaims, params };
    const account = await providerRequests.identify(connector, server, facts).catch(async (error: unknown) => {
      await abandon();
      throw error;
    });
    const subject = idTokenClaims?.["sub"];
    const saved = await options.connect({
      connectorKey,
      connector,
      server,
      owner: record.owner,
      params,
      tokenSets,
      requestedScopes: record.requestedScopes,
      account,
      subject: typeof subject === "string" ? subject : undefined,
      metadata: record.metadata,
      connectionId: record.connectionId,
      live: "replace",
    });
    for (const name of saved.unproven) await prove(saved.connectionId, name, tokenSets[name]);
    return { connectorKey, connectionId: saved.connectionId, returnTo: record.returnTo };
  }

  /** Takes the flow that began with this state, in this browser, for this owner and connector; any other finds none. */
  async function take(response: AuthorizationResponse, request: CallbackRequest, owner: string): Promise<FlowRecord> {
    const bound = binding.read(request.headers);
    const issuedAt = issuedAtOf(response.state);
    if (bound === undefined || issuedAt === undefined) throw stateMismatch();
    if (now() - issuedAt > flowLifetimeMs) throw flowExpired();
    await grants.ready();
    const key = grants.hashFlow(response.state, bound, owner, response.connectorKey);
    const sealed = await store.flows.take(key);
    if (sealed === undefined) throw stateMismatch();
    const plaintext = await vault.open(sealed, { kind: "flow", id: key, version: 1 });
    const plain = fromSealed<FlowRecord>(plaintext);
    const { nonce, codeVerifier } = plain;
    const record = { ...plain, nonce: secretOrNone(nonce), codeVerifier: secretOrNone(codeVerifier) };
    if (record.expiresAt <= now()) throw flowExpired();
    return record;
  }

  function toTokenSets(
    connector: Connector,
    outcome: TokenOutcome,
    requested: Readonly<Record<string, readonly string[]>>,
  ): Record<string, TokenSet> {
    const received = "tokenSets" in outcome ? outcome.tokenSets : undefined;
    const entries = Object.entries(received ?? {}).map(([name, response]) => {
      const context = {
        now: now(),
        requestedScopes: requested[name] ?? [],
        previous: undefined,
        accessTokenLifetime: connector.accessTokenLifetime,
        refreshTokenLifetime: connector.refreshTokenLifetime,
      };
      return [name, toTokenSet(response, context)] as const;
    });
    return Object.fromEntries(entries);
  }

  /** A refresh token that was taken over from before the reconnect is tried at once, while the user is here. */
  async function prove(connectionId: string, name: string, received: TokenSet | undefined): Promise<void> {
    try {
      await options.refresh.refresh(connectionId, name, (set) => sameSecret(set.accessToken, received?.accessToken), {
        patience: "tries once",
      });
    } catch (error) {
      if (!isGrantkeeperError(error) || error.remedy !== "retry") throw error;
      // The consent itself is saved and its access token is good; the next refresh tries again.
      options.logger.warn("A kept refresh token could not be tried yet", { connectionId, code: error.code });
    }
  }

  return { start, finish };
}

/** Where the provider sends the browser back: one URI for each connector (RFC 9700, section 4.4.2.2). */
function redirectUriOf(callbackUrl: URL, connectorKey: string): string {
  return `${callbackUrl.href.replace(/\/+$/, "")}/${connectorKey}/callback`;
}

export function checkOwner(owner: string): string {
  if (typeof owner === "string" && owner !== "" && owner.length <= 512) return owner;
  throw new GrantkeeperError("invalid_request", "owner must be a string of 1 to 512 characters.");
}

function createState(now: number): string {
  return `${randomBytes(32).toString("base64url")}.${Math.floor(now / 1000).toString(36)}`;
}

/** The time in a state says only which message is right; the sealed record holds the time that counts. */
function issuedAtOf(state: string): number | undefined {
  const match = /^[\w-]{43}\.([0-9a-z]{1,9})$/.exec(state);
  return match?.[1] === undefined ? undefined : Number.parseInt(match[1], 36) * 1000;
}

function assertSameServer(record: FlowRecord, connector: Connector, server: Server): void {
  const same =
    record.clientId === connector.clientId &&
    record.tokenEndpoint === server.tokenEndpoint &&
    record.issuer === server.issuer;
  if (same) return;
  throw new GrantkeeperError("invalid_config", "The connector's client or server changed while the user was away.", {
    connector: record.connectorKey,
  });
}

/** RFC 9207, section 2.4: whoever names an issuer must name this one, compared as a string. */
function assertIssuer(
  { parameters, connectorKey }: AuthorizationResponse,
  { issuer, issParameterSupported }: Server,
): void {
  const named = parameters.get("iss");
  const good = issuer === undefined || (named === null ? !issParameterSupported : named === issuer);
  if (good) return;
  throw new GrantkeeperError("state_mismatch", "The answer came from another issuer than the one that was asked.", {
    connector: connectorKey,
  });
}
