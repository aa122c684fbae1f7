/** A key that an account has made for itself at the provider. */
export interface ApiKey {
  readonly key: string;
  readonly accountId: string;
  /** Left out: the connector's. */
  readonly scopes?: readonly string[];
}

/** A user name and a password for HTTP Basic (RFC 7617). */
export interface BasicCredential {
  readonly username: string;
  readonly password: string;
  readonly accountId: string;
  /** Left out: the connector's. */
  readonly scopes?: readonly string[];
}

/** What stands in the header of an API request. */
export type PresentedCredential =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  /** `scheme` in lower case; `undefined` where the header carries the token alone. */
  | { readonly kind: "token"; readonly scheme: string | undefined; readonly text: string };

/**
 * Reads the header that carries an access token or a key: the one that the connector names, the token alone in it, else
 * `Authorization` with a scheme (RFC 9110, section 11.6.2). `undefined` where there is none.
 */
export function readCredential(headers: Headers, tokenHeader: string | undefined): PresentedCredential | undefined {
  if (tokenHeader !== undefined) {
    const text = headers.get(tokenHeader)?.trim();
    return text ? { kind: "token", scheme: undefined, text } : undefined;
  }
  const [, scheme, text] = /^([\w!#$%&'*+.^`|~-]+) +(\S+)$/.exec(headers.get("authorization") ?? "") ?? [];
  if (scheme === undefined || text === undefined) return undefined;
  if (scheme.toLowerCase() !== "basic") return { kind: "token", scheme: scheme.toLowerCase(), text };
  const decoded = Buffer.from(text, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon < 0) return undefined;
  return { kind: "basic", username: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}
