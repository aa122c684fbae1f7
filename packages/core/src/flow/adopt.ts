import type { JsonObject } from "../connector/json.ts";
import type { Account } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import { requestedScopes } from "../grant/scopes.ts";
import { mapValues } from "../map-values.ts";
import { type Connectors, checkParams } from "../provider/connectors.ts";
import type { ProviderRequests } from "../provider/requests.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import { defined, type TokenSet } from "../provider/token-response.ts";
import { secretOf, secretOrNone } from "../secret.ts";
import type { NewConsent, SavedConsent } from "./connect.ts";
import { checkOwner } from "./flow.ts";

/** Tokens that an application got by other means. */
export interface AdoptedTokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Left out: it does not expire. */
  readonly expiresAt?: Date;
  readonly refreshTokenExpiresAt?: Date;
  /** Left out: those of the connector. */
  readonly scopes?: readonly string[];
}

export interface AdoptRequest {
  readonly owner: string;
  /** The `default` token set. */
  readonly tokens?: AdoptedTokens | undefined;
  readonly tokenSets?: Readonly<Record<string, AdoptedTokens | undefined>>;
  readonly params?: Readonly<Record<string, string>> | undefined;
  readonly account?: Account;
  readonly metadata?: JsonObject;
}

export interface AdoptOptions {
  readonly connectors: Connectors;
  readonly tokenEndpoint: TokenEndpoint;
  readonly providerRequests: ProviderRequests;
  readonly connect: (consent: NewConsent) => Promise<SavedConsent>;
  readonly now: () => number;
}

export type Adopt = (connectorKey: string, request: AdoptRequest) => Promise<string>;

/** Keeps an application's own tokens as a connection, after the provider has said whose account they are. */
export function createAdopt({ connectors, tokenEndpoint, providerRequests, connect, now }: AdoptOptions): Adopt {
  return async (connectorKey, request) => {
    connectors.assertKnown(connectorKey);
    const owner = checkOwner(request.owner);
    const connector = await connectors.get(connectorKey, owner);
    const params = checkParams(connector, request.params);
    const server = await tokenEndpoint.server(connector, params);
    const requested = requestedScopes(connector);
    const given = { default: request.tokens, ...request.tokenSets };
    const tokenSets = mapValues(given, (tokens, name) =>
      tokens === undefined ? undefined : toTokenSet(tokens, requested[name] ?? [], now()),
    );
    const [first] = Object.values(tokenSets);
    if (first === undefined) throw new GrantkeeperError("invalid_request", "There are no tokens to adopt.");
    const expired = ((tokenSets["default"] ?? first).expiresAt ?? Number.POSITIVE_INFINITY) <= now();
    if (expired && request.account === undefined) {
      throw new GrantkeeperError(
        "invalid_request",
        "The access token has expired, so the provider cannot be asked whose it is: give the account, or refresh it first.",
        { connector: connectorKey },
      );
    }
    const facts = { tokenSets, tokenResponse: {}, idTokenClaims: undefined, params, credentials: undefined };
    const saved = await connect({
      connectorKey,
      connector,
      server,
      owner,
      params,
      tokenSets,
      requestedScopes: requested,
      account: request.account ?? (await providerRequests.identify(connector, server, facts)),
      subject: undefined,
      metadata: request.metadata,
      connectionId: undefined,
      live: "keep",
    });
    return saved.connectionId;
  };
}

function toTokenSet(tokens: AdoptedTokens, requestedScopes: readonly string[], now: number): TokenSet {
  for (const token of [tokens.accessToken, tokens.refreshToken ?? "present"]) {
    // RFC 6750, section 2.1: what a header can carry.
    if (typeof token !== "string" || token === "" || /[^\x21-\x7e]/.test(token)) {
      throw new GrantkeeperError("invalid_request", "A token must be a string of printable ASCII without spaces.");
    }
  }
  return {
    accessToken: secretOf(tokens.accessToken),
    tokenType: "Bearer",
    obtainedAt: now,
    scopes: tokens.scopes ?? requestedScopes,
    ...defined("expiresAt", timeOf(tokens.expiresAt)),
    ...defined("refreshToken", secretOrNone(tokens.refreshToken)),
    ...defined("refreshTokenExpiresAt", timeOf(tokens.refreshTokenExpiresAt)),
  };
}

function timeOf(date: Date | undefined): number | undefined {
  if (date === undefined) return undefined;
  const time = date instanceof Date ? date.getTime() : Number.NaN;
  if (Number.isFinite(time)) return time;
  throw new GrantkeeperError("invalid_request", "expiresAt must be a valid Date.");
}
