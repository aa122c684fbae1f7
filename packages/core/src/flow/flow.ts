import { randomBytes } from "node:crypto";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { StepUp } from "../grant/grant.ts";
import type { Grants } from "../grant/grants.ts";
import { notConnected } from "../grant/leases.ts";
import { addScopes, missingScopes, requestedScopes } from "../grant/scopes.ts";
import { clientSecretOf } from "../provider/client-authentication.ts";
import { type Connectors, checkParams } from "../provider/connectors.ts";
import { withoutSecrets } from "../provider/errors.ts";
import type { Server } from "../provider/server.ts";
import { randomNonce, randomVerifier, type TokenEndpoint } from "../provider/token-endpoint.ts";
import { fromSealed, type Secret, secretOrNone, toSealable } from "../secret.ts";
import type { Store } from "../store/port.ts";
import type { Vault } from "../vault/vault.ts";
import { type AuthorizationResponse, readAuthorizationResponse } from "./authorization-response.ts";
import type { BrowserBinding } from "./browser-binding.ts";
import type { Complete } from "./complete.ts";
import { authorizationError, exchangeError, flowExpired, stateMismatch } from "./flow-errors.ts";
import { checkReturnTo } from "./return-to.ts";
import { checkWishes } from "./sign-in-wishes.ts";
import type { CallbackRequest, FinishedFlow, FlowStart, StartedFlow } from "./types.ts";

export interface FlowOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly store: Store;
  readonly vault: Vault;
  readonly tokenEndpoint: TokenEndpoint;
  readonly complete: Complete;
  readonly binding: BrowserBinding;
  /**
   * Whether some connector answers by a form of the provider's page: all flows share the cookie, so it suits that one. Of
   * an owner's connector this is known from its first start on.
   */
  readonly crossSite: boolean;
  readonly callbackUrl: URL;
  readonly returnToOrigins: readonly string[];
  readonly now: () => number;
}

export interface Flows {
  /** `stepUp`: which of how many tries this is, where an API has asked for it. */
  start(connectorKey: string, start: FlowStart, stepUp?: StepUp): Promise<StartedFlow>;
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
  readonly addedScopes: Readonly<Record<string, readonly string[]>>;
  readonly maxAge: number | undefined;
  readonly stepUp: StepUp | undefined;
  readonly expiresAt: number;
}

/** RFC 9700, section 4.7.1 and OpenID Connect practice: ten minutes for a person to decide. */
const flowLifetimeMs = 10 * 60 * 1000;

export function createFlows(options: FlowOptions): Flows {
  const { connectors, grants, store, vault, tokenEndpoint, binding, callbackUrl, now } = options;
  let { crossSite } = options;

  async function start(
    connectorKey: string,
    { owner: given, connectionId, metadata, scopes, returnTo, request, params: givenParams, ...wishes }: FlowStart,
    stepUp: StepUp | undefined = undefined,
  ): Promise<StartedFlow> {
    connectors.assertKnown(connectorKey);
    const owner = checkOwner(given);
    const connector = await connectors.get(connectorKey, owner);
    const previous = connectionId === undefined ? undefined : await grants.read(connectionId);
    if (connectionId !== undefined) {
      if (previous?.grant.owner !== owner || previous.grant.connector !== connectorKey) throw notConnected();
    }
    if (previous !== undefined && givenParams !== undefined) {
      throw new GrantkeeperError("invalid_request", "A reconnect takes its params from the connection.");
    }
    const params = checkParams(connector, previous?.grant.params ?? givenParams);
    const addedScopes = addScopes(connector, previous?.grant.addedScopes, scopes);
    checkWishes(wishes);
    const checkedReturnTo = checkReturnTo(returnTo ?? "/", callbackUrl, options.returnToOrigins);
    await grants.ready();
    const server = await tokenEndpoint.server(connector, params);
    const record: FlowRecord = {
      connectorKey,
      owner,
      params,
      returnTo: checkedReturnTo,
      connectionId,
      metadata,
      nonce: server.issuer !== undefined && connector.scopes.includes("openid") ? randomNonce() : undefined,
      codeVerifier: connector.pkce === "S256" ? randomVerifier() : undefined,
      redirectUri: redirectUriOf(callbackUrl, connectorKey),
      issuer: server.issuer,
      tokenEndpoint: server.tokenEndpoint,
      clientId: connector.clientId,
      requestedScopes: requestedScopes(connector, addedScopes),
      addedScopes,
      maxAge: wishes.maxAge,
      stepUp,
      expiresAt: now() + flowLifetimeMs,
    };
    const state = createState(now());
    const bound = binding.read(request?.headers) ?? binding.create();
    const { redirectUri, nonce, codeVerifier } = record;
    const tokenSet = previous?.grant.tokenSets["default"];
    const own =
      previous?.grant.clientId === connector.clientId && previous.grant.tokenEndpoint === server.tokenEndpoint;
    const isEnough =
      previous !== undefined &&
      previous.grant.ended["default"] === undefined &&
      missingScopes(connector, "default", previous.grant, record.requestedScopes["default"]).length === 0;
    const hasRefreshToken = own && tokenSet?.refreshToken !== undefined && isEnough;
    const url = await tokenEndpoint.authorizationUrl(connector, server, {
      ...wishes,
      ...{ redirectUri, state, nonce, codeVerifier, hasRefreshToken, scopes: record.requestedScopes },
    });
    const key = grants.hashFlow(state, bound, owner, connectorKey);
    const sealed = await vault.seal(toSealable(record), { kind: "flow", id: key, version: 1 });
    await store.flows.put(key, sealed, flowLifetimeMs);
    crossSite ||= connector.responseMode === "form_post";
    return {
      url,
      headers: new Headers({ "set-cookie": binding.cookie(bound, crossSite) }),
    };
  }

  async function finish(request: CallbackRequest, { owner }: { readonly owner: string }): Promise<FinishedFlow> {
    checkOwner(owner);
    const response = await readAuthorizationResponse(request, callbackUrl);
    const { connectorKey } = response;
    connectors.assertKnown(connectorKey);
    const connector = await connectors.get(connectorKey, owner);
    const record = await take(response, request, owner);
    const server = await tokenEndpoint.server(connector, record.params);
    assertSameServer(record, connector, server);
    assertIssuer(response, server);
    const { nonce, codeVerifier, redirectUri, maxAge, returnTo } = record;
    if (response.error !== undefined) {
      const secrets = [clientSecretOf(connector.clientAuthentication), nonce, codeVerifier];
      throw authorizationError(withoutSecrets(response.error, secrets), connectorKey, now());
    }
    const outcome = await tokenEndpoint.exchange(connector, server, {
      ...{ response: response.parameters, redirectUri, state: response.state, nonce, codeVerifier, maxAge },
    });
    const { params, requestedScopes, addedScopes, metadata, connectionId, stepUp } = record;
    const connected = await options.complete(
      {
        ...{ connectorKey, connector, server, owner: record.owner, params, requestedScopes, addedScopes },
        ...{ metadata, connectionId, stepUp },
      },
      outcome,
      (failed) => exchangeError(failed, connectorKey, now()),
    );
    return { connectorKey, connectionId: connected, returnTo };
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
