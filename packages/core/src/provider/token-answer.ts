import type { JsonObject } from "../connector/json.ts";
import type { ProviderResponse } from "../connector/provider-request.ts";
import type { Connector, OAuthError } from "../connector/types.ts";
import type { GrantkeeperError } from "../errors.ts";
import { mapValues } from "../map-values.ts";
import { type Secret, secretOrNone } from "../secret.ts";
import { retryAfter, type Transfer } from "./http.ts";
import { isObject, type NormalTokenResponse, normaliseTokenResponse } from "./token-response.ts";

/** By name; each has an access token. */
export type ReceivedTokenSets = Readonly<Record<string, NormalTokenResponse & { readonly access_token: string }>>;

/** How a token request ended. Only `tokens` gives tokens that may be used. */
export type TokenOutcome =
  | {
      readonly kind: "tokens";
      readonly tokenSets: ReceivedTokenSets;
      readonly tokenResponse: JsonObject;
      readonly idTokenClaims: JsonObject | undefined;
    }
  /** `invalid_grant`: the code or the refresh token is not, or no longer, good. */
  | { readonly kind: "refused"; readonly error: OAuthError }
  /** The request or the client is at fault: nothing was spent. */
  | { readonly kind: "rejected"; readonly error: OAuthError }
  /** The provider asked for patience before it looked at the request: nothing was spent. */
  | { readonly kind: "throttled"; readonly status: number; readonly retryAt: Date }
  /** It was no longer allowed to leave: nothing was spent. */
  | { readonly kind: "withheld"; readonly cause: Error }
  /** The client could not prove itself, since its key could not be had or does not sign: nothing was sent. */
  | { readonly kind: "unproven"; readonly error: GrantkeeperError }
  /** It never left: nothing was spent. */
  | { readonly kind: "unsent"; readonly cause: Error; readonly refusal?: GrantkeeperError }
  /** The provider may have acted on it. */
  | {
      readonly kind: "ambiguous";
      /** Whether it answered, with an error of its own: `error`, where that is one of RFC 6749. */
      readonly answered: boolean;
      readonly error?: OAuthError;
      readonly cause: Error;
      readonly retryAt: Date;
    }
  /** An answer that cannot be used. What it held of refresh tokens is kept all the same, by set. */
  | {
      readonly kind: "invalid";
      readonly cause: Error;
      readonly refreshTokens: Readonly<Record<string, Secret>>;
      /** What came with an ID token that does not hold. */
      readonly tokenSets?: ReceivedTokenSets;
      /** The ID token could not be judged, since the keys that it is signed with could not be had. */
      readonly keysUnavailable?: boolean;
    };

/** What an answer means before openid-client has validated it. */
export type Judgement =
  | Exclude<TokenOutcome, { kind: "tokens" }>
  | {
      readonly kind: "granted";
      /** The set that openid-client validates. */
      readonly primary: NormalTokenResponse;
      readonly tokenSets: ReceivedTokenSets;
      readonly tokenResponse: JsonObject;
    };

/** What an answer of the token endpoint means. Pure, so that each rule can be tested with a literal answer. */
export function judge(connector: Connector, sent: Transfer, refreshing: string | undefined, now: number): Judgement {
  if (sent.kind === "unsent" || sent.kind === "withheld") return sent;
  if (sent.kind === "ambiguous") return { ...sent, answered: false, retryAt: new Date(now + 5_000) };
  if (sent.kind === "unusable") return { kind: "invalid", cause: sent.cause, refreshTokens: {} };
  const { response } = sent;
  const { status } = response;
  if (status === 429) return { kind: "throttled", status, retryAt: retryAfter(response.headers, now) };
  if (status >= 500 || status === 408) {
    const cause = new Error(`status ${status}`);
    return { kind: "ambiguous", answered: true, cause, retryAt: retryAfter(response.headers, now) };
  }
  const error = readError(connector, response);
  const found = isObject(response.body) ? readTokenSets(connector, response.body, refreshing) : {};
  if (error !== undefined) {
    const judged = judgeError(error, response.headers, now);
    const refreshTokens = refreshTokensOf(found);
    // Whatever the error says, a new refresh token tells that the old one was spent.
    const kept = judged.kind === "rejected" && Object.keys(refreshTokens).length > 0;
    return kept ? { kind: "invalid", cause: new Error("an error beside tokens"), refreshTokens } : judged;
  }
  if (status < 200 || status >= 300 || !isObject(response.body)) {
    const cause = new Error(`status ${status} without a token response`);
    return { kind: "invalid", cause, refreshTokens: refreshTokensOf(found) };
  }
  return judgeTokens(connector, response.body, found, refreshing);
}

function judgeError(error: OAuthError, headers: Headers, now: number): Judgement {
  switch (error.error) {
    case "invalid_grant":
      return { kind: "refused", error };
    case "temporarily_unavailable":
    case "server_error":
    case "slow_down":
      return {
        kind: "ambiguous",
        answered: true,
        error,
        cause: new Error(error.error),
        retryAt: retryAfter(headers, now),
      };
    default:
      return { kind: "rejected", error };
  }
}

function judgeTokens(
  connector: Connector,
  body: JsonObject,
  read: Readonly<Record<string, NormalTokenResponse>>,
  refreshing: string | undefined,
): Judgement {
  const primary = usable(read[refreshing ?? "default"] ?? Object.values(read)[0]);
  if (primary === undefined) {
    return { kind: "invalid", cause: new Error("no access token"), refreshTokens: refreshTokensOf(read) };
  }
  const { id_token: _, ...withoutIdToken } = primary;
  // Only an OpenID provider's ID token can be validated; elsewhere it is somebody's extra field.
  return {
    kind: "granted",
    primary: connector.issuer === undefined ? withoutIdToken : primary,
    tokenSets: mapValues(read, usable),
    tokenResponse: body,
  };
}

function usable(
  response: NormalTokenResponse | undefined,
): (NormalTokenResponse & { readonly access_token: string }) | undefined {
  return response?.access_token === undefined ? undefined : { ...response, access_token: response.access_token };
}

/** The sets of an answer. A refresh answers for the one that was asked for, however the provider files it. */
function readTokenSets(
  connector: Connector,
  body: JsonObject,
  refreshing: string | undefined,
): Record<string, NormalTokenResponse> {
  const found = mapValues(readSafely(connector, body), (response) =>
    isObject(response) ? normaliseTokenResponse(response) : undefined,
  );
  // Where the connector's reader finds nothing to use, a refresh token in the body must still not be lost.
  const { refresh_token = null } = body;
  const [first] = Object.values(found);
  const set = first ?? normaliseTokenResponse({ refresh_token });
  const sets = first === undefined ? { default: set } : found;
  return refreshing === undefined || Object.hasOwn(sets, refreshing) ? sets : { [refreshing]: set };
}

function readSafely(connector: Connector, body: JsonObject): Readonly<Record<string, JsonObject>> {
  try {
    return connector.readTokens?.(body) ?? { default: body };
  } catch {
    // A hook that fails on this answer must not cost the refresh token in it.
    return { default: body };
  }
}

function readError(connector: Connector, response: ProviderResponse): OAuthError | undefined {
  const read = readErrorSafely(connector, response);
  if (read !== undefined) return read;
  const error = isObject(response.body) ? response.body["error"] : undefined;
  if (typeof error !== "string" || error === "") return undefined;
  const description = isObject(response.body) ? response.body["error_description"] : undefined;
  return typeof description === "string" ? { error, errorDescription: description } : { error };
}

function readErrorSafely(connector: Connector, response: ProviderResponse): OAuthError | undefined {
  try {
    const read: Partial<OAuthError> | null | undefined = connector.readError?.(response);
    return typeof read?.error === "string" ? { ...read, error: read.error } : undefined;
  } catch {
    // A hook that fails on this answer has recognised no error in it; there may be a refresh token in it.
    return undefined;
  }
}

/** The refresh tokens in an answer, by token set. */
export function refreshTokensOf(sets: Readonly<Record<string, NormalTokenResponse>>): Record<string, Secret> {
  return mapValues(sets, (set) => secretOrNone(set.refresh_token));
}
