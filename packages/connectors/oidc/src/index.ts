import { type Connector, defineConnector, type Pkce } from "@grantkeeper/core/connector";

type Settled =
  | "name"
  | "issuer"
  | "pkce"
  | "revocationScope"
  | "apiBaseUrl"
  | "apiOrigins"
  | "scopeSeparator"
  | "tokenSets"
  | "params"
  | "loopback";

/** An OpenID provider, its client, and what it asks for. What is not described here is as in {@link Connector}. */
export interface OidcOptions<Param extends string = never> extends Omit<Connector<Param, never>, Settled> {
  /** As the provider's metadata name it, to the last slash. `{name}` in it stands for the param of that name. */
  readonly issuer: string;
  /** The provider's name as people write it. Left out: `id`. */
  readonly name?: string | undefined;
  /** `openid` is always added. */
  readonly scopes: readonly string[];
  /** Left out: S256. */
  readonly pkce?: Pkce | undefined;
  /**
   * Left out: `grant`, with which a disconnect revokes nothing while another connection has the same account, since that
   * one might end with it.
   */
  readonly revocationScope?: "token" | "grant" | undefined;
  /** Left out: the issuer. */
  readonly apiBaseUrl?: string | undefined;
  /** Left out: the origin of `apiBaseUrl`. */
  readonly apiOrigins?: readonly string[] | undefined;
  /** Left out: `issuer` holds none. */
  readonly params?: Connector<Param, never>["params"] | undefined;
}

/**
 * Connects accounts of an OpenID provider, by what its issuer publishes (OpenID Connect Discovery 1.0): endpoints that are
 * left out come from there. Its ID tokens are validated (OpenID Connect Core, section 3.1.3.7), and userinfo names the
 * account where there is such an endpoint.
 */
export function oidc<Param extends string = never>(options: OidcOptions<Param>): Connector<Param, never> {
  const scopes = [...new Set(["openid", ...options.scopes])];
  const apiBaseUrl = options.apiBaseUrl ?? options.issuer;
  return defineConnector<Param, never>({
    ...options,
    name: options.name ?? options.id,
    pkce: options.pkce ?? "S256",
    revocationScope: options.revocationScope ?? "grant",
    apiBaseUrl,
    // Not by URL, which would write the place of a param in small letters.
    apiOrigins: options.apiOrigins ?? [apiBaseUrl.replace(/^(https?:\/\/[^/?#]+).*$/s, "$1")],
    scopes,
    scopeSeparator: " ",
    tokenSets: {},
    // Where no param is given, `Param` is `never`.
    params: options.params ?? ({} as Connector<Param, never>["params"]),
    // OpenID Connect Core, section 11: a provider ignores `offline_access` where no consent is asked for.
    authorizationParams:
      options.authorizationParams ?? (scopes.includes("offline_access") ? { prompt: "consent" } : undefined),
    emulation: options.emulation ?? (() => import("./emulation.ts").then((module) => module.oidcEmulation(apiBaseUrl))),
  });
}
