import { splitScopes } from "./token-response.ts";

/** One way to authenticate that a server names (RFC 9110, section 11.3). */
export interface Challenge {
  /** In lower case, since case does not tell schemes apart. */
  readonly scheme: string;
  /** By their names in lower case. Of a name that stands twice, the first counts. A token68 is not among them. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What an API says about the access token that it refused. */
export interface TokenChallenge {
  /** Such as `invalid_token` or `insufficient_scope` (RFC 6750, section 3.1). */
  readonly error: string | undefined;
  /** What the request would have needed (RFC 6750, section 3). */
  readonly scope: readonly string[];
  /** Which ways of signing in would do, the preferred one first (RFC 9470, section 3). */
  readonly acrValues: readonly string[];
  /** For how long after a sign-in the request is allowed, in seconds (RFC 9470, section 3). */
  readonly maxAge: number | undefined;
  /** As the server wrote it, and no URL to trust (RFC 9728, section 5.1). */
  readonly resourceMetadata: string | undefined;
}

/** In characters; Node takes no longer headers of a request. */
const maximumLength = 16 * 1024;

/** What the header `WWW-Authenticate` says of a bearer or DPoP token; `undefined` where it names neither. Never throws. */
export function tokenChallenge(headers: Headers): TokenChallenge | undefined {
  const challenges = parseChallenges(headers.get("www-authenticate") ?? "").filter(({ scheme }) =>
    ["bearer", "dpop"].includes(scheme),
  );
  // RFC 9449, section 7.1: an API that takes both names both, and the error with the one that was used.
  const found = challenges.find(({ parameters }) => parameters.has("error")) ?? challenges[0];
  if (found === undefined) return undefined;
  const { parameters } = found;
  const maxAge = parameters.get("max_age") ?? "";
  return {
    error: parameters.get("error")?.match(errorCode)?.[0],
    scope: splitScopes(parameters.get("scope")) ?? [],
    acrValues: (parameters.get("acr_values") ?? "").split(/[\s\p{Cc}]+/u).filter((value) => value !== ""),
    maxAge: /^\d{1,9}$/.test(maxAge) ? Number(maxAge) : undefined,
    resourceMetadata: parameters.get("resource_metadata")?.match(visible)?.[0],
  };
}

/** RFC 6750, section 3. */
const errorCode = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;
const visible = /^[\x21-\x7e]+$/;

/** Of a token or of a token68. */
const word = /[\w!#$%&'*+.^`|~/-]+/y;
const spaces = /[ \t]+/y;
const separators = /[ \t,]+/y;
const equalsSigns = /=+/y;
const bareValue = /[^ \t,"]+/y;

/**
 * The challenges of a header `WWW-Authenticate`, or of several of them joined by commas (RFC 9110, section 11.6.1). What
 * cannot be read is left out, and over 16 KiB there are none. Never throws, and never looks back.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  if (header.length > maximumLength) return [];
  const challenges: Challenge[] = [];
  let parameters: Map<string, string> | undefined;
  let afterScheme = false;
  let position = 0;

  /** Each pattern is one class of characters, so that it either takes them or stops. */
  function take(pattern: RegExp): string {
    pattern.lastIndex = position;
    const found = pattern.exec(header)?.[0] ?? "";
    position += found.length;
    return found;
  }

  /** RFC 9110, section 5.6.4; `undefined` where it does not end. */
  function takeQuoted(): string | undefined {
    let value = "";
    let from = ++position;
    for (; position < header.length; position++) {
      const character = header[position];
      if (character !== '"' && character !== "\\") continue;
      value += header.slice(from, position++);
      if (character === '"') return value;
      from = position;
    }
    return undefined;
  }

  const elementEnds = (): boolean => position === header.length || header[position] === ",";

  while (position < header.length) {
    if (take(separators).includes(",")) afterScheme = false;
    const name = take(word);
    if (name === "") {
      // Nothing that may stand here; of a string in quotes, nothing inside either.
      if (header[position] === '"') takeQuoted();
      else position++;
      continue;
    }
    const followsScheme = afterScheme;
    afterScheme = false;
    take(spaces);
    const signs = take(equalsSigns);
    take(spaces);
    if (elementEnds() && (followsScheme || signs !== "")) continue;
    if (signs === "") {
      if (name.includes("/")) continue;
      parameters = new Map();
      challenges.push({ scheme: name.toLowerCase(), parameters });
      afterScheme = true;
      continue;
    }
    const value = header[position] === '"' ? takeQuoted() : take(bareValue);
    const key = name.toLowerCase();
    if (signs === "=" && value !== undefined && parameters?.has(key) === false) parameters.set(key, value);
  }
  return challenges;
}
