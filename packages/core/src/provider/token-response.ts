import type { Json, JsonObject } from "../connector/json.ts";
import { mapValues } from "../map-values.ts";
import { type Plain, type Secret, sameSecret, secretOf, secretOrNone } from "../secret.ts";

/** One access token and what came with it, as it is kept. Times are Unix milliseconds. */
export interface TokenSet {
  readonly accessToken: Secret;
  /** As RFC 6749, section 7.1 names it; `Bearer` unless the provider said otherwise. */
  readonly tokenType: string;
  readonly obtainedAt: number;
  /** Left out where the provider named no end. */
  readonly expiresAt?: number;
  readonly refreshToken?: Secret;
  readonly refreshTokenExpiresAt?: number;
  /** What was granted; as asked for, where the response did not say (RFC 6749, section 5.1). */
  readonly scopes: readonly string[];
  readonly idToken?: Secret;
  /** Of the lease under which it was asked for. What was asked for later has a higher one, whatever the clocks say. */
  readonly fence?: number;
}

/** A token response in the shape of RFC 6749, section 5.1, with everything unusable taken out. */
export interface NormalTokenResponse {
  readonly access_token?: string;
  readonly token_type: string;
  readonly expires_in?: number;
  /** Unix seconds. */
  readonly expires_at?: number;
  readonly refresh_token?: string;
  readonly refresh_token_expires_in?: number;
  readonly scope?: string;
  readonly id_token?: string;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** No provider's answer is nested deeper; to parse what is takes long, and to copy it overflows the stack. */
const maximumDepth = 64;

/**
 * Reads a response body as JSON, whatever its label, or as a form where it is labelled so; `undefined` for neither. Objects
 * and lists that lie deeper than 64 levels become null, so that a token beside them is not lost.
 */
export function parseBody(contentType: string | null, text: string): Json | undefined {
  try {
    return JSON.parse(cutAtDepth(text, maximumDepth)) as Json;
  } catch {
    // Not JSON: what that means depends on the status, so the caller says it.
    const mediaType = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase();
    return mediaType === "application/x-www-form-urlencoded"
      ? Object.fromEntries(new URLSearchParams(text))
      : undefined;
  }
}

/**
 * JSON text with null for what is nested deeper. As far as a text is JSON, this tells strings and brackets as a parser does;
 * whatever else stands in it is left for that to refuse.
 */
function cutAtDepth(text: string, maximum: number): string {
  let cut = "";
  let from = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case '"':
        at = endOfString(text, at);
        break;
      case "[":
      case "{":
        if (++depth === maximum + 1) cut += `${text.slice(from, at)}null`;
        break;
      case "]":
      case "}":
        if (depth-- === maximum + 1) from = at + 1;
        break;
    }
  }
  if (cut === "") return text;
  // What is still open here is no JSON, and its rest is not worth a parser's time.
  return depth > maximum ? cut : cut + text.slice(from);
}

/** The position of the quote that ends the string which begins at `from`, or of the text's end. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

/**
 * Makes one token set of a provider's answer conform: nulls, empty strings, impossible lifetimes and tokens that cannot be
 * sent are dropped, scopes given as a list or with commas are joined, a missing token type is `bearer`, an end that is a
 * date (RFC 3339, section 5.6) becomes Unix seconds. Never throws.
 */
export function normaliseTokenResponse(raw: JsonObject): NormalTokenResponse {
  const tokenType = text(raw["token_type"]) ?? "bearer";
  const scope = raw["scope"];
  const scopes = Array.isArray(scope) ? scope.filter((item) => typeof item === "string").join(" ") : scope;
  return {
    token_type: tokenType,
    ...defined("access_token", isScheme(tokenType) ? accessToken(raw["access_token"]) : undefined),
    ...defined("refresh_token", refreshToken(raw["refresh_token"])),
    ...defined("id_token", text(raw["id_token"])),
    ...defined("expires_in", seconds(raw["expires_in"])),
    ...defined("expires_at", unixSeconds(raw["expires_at"])),
    ...defined("refresh_token_expires_in", seconds(raw["refresh_token_expires_in"])),
    ...defined("scope", typeof scopes === "string" ? splitScopes(scopes)?.join(" ") : undefined),
  };
}

/** Splits a scope value at spaces and commas, and at what no line of a log may hold; an empty one grants nothing. */
export function splitScopes(scope: string | undefined): string[] | undefined {
  return scope?.split(/[\s,\p{Cc}]+/u).filter((item) => item !== "");
}

/** A hundred years, in seconds: what is longer is no lifetime, and might be no date. */
const longestLifetime = 100 * 366 * 24 * 60 * 60;

/** What {@link toTokenSet} takes over from the request and from the token set that a refresh replaces. */
export interface TokenSetContext {
  readonly now: number;
  readonly requestedScopes: readonly string[];
  readonly previous: TokenSet | undefined;
  /** Seconds, used where the response names none but has a refresh token. */
  readonly accessTokenLifetime: number | undefined;
  readonly refreshTokenLifetime: number | undefined;
}

/**
 * The token set to keep. A response without a refresh token keeps the previous one (RFC 6749, section 6), and one
 * without scopes the previous scopes.
 */
export function toTokenSet(
  response: NormalTokenResponse & { readonly access_token: string },
  context: TokenSetContext,
): TokenSet {
  const { now, previous } = context;
  const refreshToken = secretOrNone(response.refresh_token) ?? previous?.refreshToken;
  const usualLifetime = refreshToken === undefined ? undefined : context.accessTokenLifetime;
  const refreshTokenLifetime =
    response.refresh_token_expires_in ??
    (response.refresh_token === undefined ? undefined : context.refreshTokenLifetime);
  const refreshTokenExpiresAt =
    refreshTokenLifetime !== undefined
      ? now + refreshTokenLifetime * 1000
      : sameSecret(refreshToken, previous?.refreshToken)
        ? previous?.refreshTokenExpiresAt
        : undefined;
  const idToken = secretOrNone(response.id_token) ?? previous?.idToken;
  return {
    accessToken: secretOf(response.access_token),
    tokenType: response.token_type.toLowerCase() === "bearer" ? "Bearer" : response.token_type,
    obtainedAt: now,
    scopes: splitScopes(response.scope) ?? previous?.scopes ?? context.requestedScopes,
    ...defined("expiresAt", endOf(response, usualLifetime, now)),
    ...defined("refreshToken", refreshToken),
    ...defined("refreshTokenExpiresAt", refreshToken === undefined ? undefined : refreshTokenExpiresAt),
    ...defined("idToken", idToken),
  };
}

/** An access token's end in Unix milliseconds: the lifetime that the response names goes first, then the end that it names. */
function endOf(
  { expires_in: lifetime, expires_at: end }: NormalTokenResponse,
  usualLifetime: number | undefined,
  now: number,
): number | undefined {
  if (lifetime === undefined && end !== undefined) return end * 1000;
  const seconds = lifetime ?? usualLifetime;
  return seconds === undefined ? undefined : now + seconds * 1000;
}

/** Token sets as they were sealed, by name. */
export function tokenSetsOf(sealed: Plain<Readonly<Record<string, TokenSet>>>): Readonly<Record<string, TokenSet>> {
  return mapValues(
    sealed,
    ({ accessToken, refreshToken, idToken, ...rest }): TokenSet => ({
      ...rest,
      accessToken: secretOf(accessToken),
      ...defined("refreshToken", secretOrNone(refreshToken)),
      ...defined("idToken", secretOrNone(idToken)),
    }),
  );
}

/** `{ [name]: value }`, or nothing where the value is `undefined`. */
export function defined<Name extends string, Value>(name: Name, value: Value | undefined): { [N in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [N in Name]?: Value });
}

function text(value: Json | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** RFC 6749, appendix A.12, without the space: in a header it could not be sent, and `Headers` quotes it when it says so. */
function accessToken(value: Json | undefined): string | undefined {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value) ? value : undefined;
}

/** RFC 9110, section 11.1: what may stand before the token in a header. */
function isScheme(tokenType: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(tokenType);
}

function refreshToken(value: Json | undefined): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what no token holds
  return typeof value === "string" && /^[^\x00-\x1f\x7f]+$/.test(value) && value.isWellFormed() ? value : undefined;
}

function seconds(value: Json | undefined): number | undefined {
  const number = typeof value === "string" && /^\d{1,12}(\.\d{1,6})?$/.test(value) ? Number(value) : value;
  return typeof number === "number" && number >= 1 && number <= longestLifetime ? Math.floor(number) : undefined;
}

/** The end of the year 5138: a greater number is a time in milliseconds, or none. */
const lastUnixSecond = 1e11;

const date = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** The time that a number of Unix seconds or a date of RFC 3339 names. */
function unixSeconds(value: Json | undefined): number | undefined {
  const isDate = typeof value === "string" && date.test(value);
  const isDigits = typeof value === "string" && /^\d{1,11}$/.test(value);
  const number = isDate ? Date.parse(value.toUpperCase()) / 1000 : isDigits ? Number(value) : value;
  return typeof number === "number" && number >= 1 && number <= lastUnixSecond ? Math.floor(number) : undefined;
}
