import type { ClientAuthentication } from "../connector/client-authentication.ts";
import type { Json, JsonObject } from "../connector/json.ts";
import type { ProviderRequest, ProviderResponse } from "../connector/provider-request.ts";
import type { Account, Connector, IdentityInput } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { authenticator, clientSecretOf } from "./client-authentication.ts";
import { type Credentials, describedRequest } from "./described-request.ts";
import { retryAfter, type Transfer } from "./http.ts";
import type { Server } from "./server.ts";
import { defined, isObject } from "./token-response.ts";
import type { Transport } from "./transport.ts";

export interface ProviderRequestOptions {
  readonly transport: Transport;
  readonly now: () => number;
}

/** What `identify` is told. */
export interface IdentityFacts extends Omit<IdentityInput, "response" | "tokenSets" | "credentials"> {
  readonly tokenSets: Readonly<Record<string, Credentials>>;
  /** `undefined` where a user has consented. */
  readonly credentials: IdentityInput["credentials"] | undefined;
}

export interface ProviderRequests {
  /** Finds out whose account the tokens belong to. */
  identify(connector: Connector, server: Server, input: IdentityFacts): Promise<Account | undefined>;
  /** Asks the provider whether an access token is still good, by its identity request; `undefined`: it did not say. */
  isAlive(
    connector: Connector,
    server: Server,
    tokenSet: string,
    credentials: Credentials,
  ): Promise<boolean | undefined>;
  /**
   * Asks about an access token at the connector's introspection endpoint; `undefined`: it did not say. Its end in Unix
   * milliseconds. RFC 7662, section 2.2.
   */
  introspect(
    connector: Connector,
    server: Server,
    accessToken: Secret,
  ): Promise<{ readonly active: boolean; readonly expiresAt: number | undefined } | undefined>;
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
    credentials: Credentials | undefined,
  ): Promise<Transfer> {
    if (request.authentication === "bearer") {
      const { url, init } = describedRequest(connector, server, request, credentials);
      return transport(url, init);
    }
    const { url, headers, form, init } = describedRequest(connector, server, request);
    const authenticate = authenticator(authenticationOf(connector, request.authentication), now);
    await authenticate(
      { issuer: server.issuer ?? server.tokenEndpoint },
      { client_id: connector.clientId },
      form,
      headers,
    );
    return transport(url, form.size > 0 && init.body === undefined ? { ...init, body: form } : init);
  }

  async function identify(connector: Connector, server: Server, input: IdentityFacts): Promise<Account | undefined> {
    const { tokenSets, ...facts } = input;
    const request = identityRequest(connector, server, Object.keys(tokenSets));
    if (request === undefined && connector.identify === undefined && facts.idTokenClaims === undefined) {
      // What nobody has consented to, and nobody's credentials have given, is the client's own account.
      const isOwn = facts.credentials !== undefined && Object.keys(facts.credentials).length === 0;
      return isOwn ? { id: connector.clientId } : undefined;
    }
    let body: Json | undefined;
    if (request !== undefined) {
      const credentials = tokenSets[request.tokenSet ?? "default"] ?? Object.values(tokenSets)[0];
      const response = answered(connector, await send(connector, server, request, credentials), now());
      body = response.body;
    }
    const read = connector.identify?.read ?? readStandardClaims;
    const account = readSafely(() =>
      read({ ...facts, credentials: facts.credentials ?? {}, tokenSets: Object.keys(tokenSets), response: body }),
    );
    // OpenID Connect Core, section 5.3.2: another subject than the ID token's is somebody else's answer.
    const subject = connector.identify === undefined ? facts.idTokenClaims?.["sub"] : undefined;
    if (!isAccountId(account?.id) || (subject !== undefined && subject !== account?.id)) {
      throw new GrantkeeperError("invalid_response", `The provider did not say whose account this is.`);
    }
    return account;
  }

  async function isAlive(
    connector: Connector,
    server: Server,
    tokenSet: string,
    credentials: Credentials,
  ): Promise<boolean | undefined> {
    const request = identityRequest(connector, server, [tokenSet]);
    if (request === undefined) return undefined;
    const sent = await send(connector, server, request, credentials);
    if (sent.kind !== "answered") return undefined;
    if (sent.response.status === 401 || rejectsToken(connector, sent.response)) return false;
    return sent.response.status < 300 ? true : undefined;
  }

  async function introspect(
    connector: Connector,
    server: Server,
    accessToken: Secret,
  ): Promise<{ readonly active: boolean; readonly expiresAt: number | undefined } | undefined> {
    if (server.introspectionEndpoint === undefined) return undefined;
    const form = { token: accessToken.reveal(), token_type_hint: "access_token" };
    const request = { url: server.introspectionEndpoint, method: "POST", authentication: "client", form } as const;
    const sent = await send(connector, server, request, undefined);
    if (sent.kind !== "answered" || sent.response.status !== 200 || !isObject(sent.response.body)) return undefined;
    const { active, exp } = sent.response.body;
    if (typeof active !== "boolean") return undefined;
    const isTime = typeof exp === "number" && exp > 0 && exp < 1e11;
    return { active, expiresAt: isTime ? Math.floor(exp) * 1000 : undefined };
  }

  async function revoke(
    connector: Connector,
    server: Server,
    tokenSet: string,
    credentials: Credentials,
  ): Promise<"revoked" | "unsupported" | "failed"> {
    const { clientId } = connector;
    const { accessToken, refreshToken } = credentials;
    try {
      const tokens = { accessToken: accessToken.reveal(), refreshToken: refreshToken?.reveal() };
      const requests =
        connector.revoke?.requests({ tokenSet, ...tokens, clientId }) ?? standardRevocation(server, tokens);
      if (requests.length === 0) return "unsupported";
      const revoked = connector.revoke?.revoked ?? isRevoked;
      for (const request of requests) {
        const sent = await send(connector, server, request, credentials);
        if (sent.kind !== "answered" || !revoked(sent.response)) return "failed";
      }
      return "revoked";
    } catch {
      // A hook that throws, or a request that may not be sent: the tokens here are given up in any case.
      return "failed";
    }
  }

  return { identify, isAlive, introspect, revoke };
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
  if (sent.kind === "unsent" && sent.refusal !== undefined) throw sent.refusal;
  if (sent.kind !== "answered") {
    throw new GrantkeeperError("provider_unavailable", `${failed}: it did not answer.`, {
      cause: sent.cause,
      retryAt: new Date(now + 5_000),
    });
  }
  const { status, headers, body } = sent.response;
  const refused = status === 401 || status === 403 || connector.rejectsToken?.(sent.response) === true;
  if (refused && connector.credentials?.kind === "static") {
    throw new GrantkeeperError("credentials_refused", "The provider does not accept these credentials.");
  }
  if (status >= 500 || status === 429 || status === 408) {
    throw new GrantkeeperError("provider_unavailable", `${failed}: it answered with status ${status}.`, {
      retryAt: retryAfter(headers, now),
    });
  }
  if (status >= 300 || body === undefined || rejectsToken(connector, sent.response)) {
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

/** What is no text in UTF-8 would be kept and hashed as another one. */
function isAccountId(id: unknown): boolean {
  return typeof id === "string" && id !== "" && id.isWellFormed();
}

/** Whether the connector recognises an answer as "this access token is no longer good". Never throws. */
export function rejectsToken(connector: Connector, response: ProviderResponse): boolean {
  return readSafely(() => connector.rejectsToken?.(response)) === true;
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
