import { type Connector, defineConnector, type Identify, type Pkce } from "@grantkeeper/core/connector";

type Settled =
  | "authorizationEndpoint"
  | "tokenEndpoint"
  | "pkce"
  | "scopeSeparator"
  | "tokenSets"
  | "params"
  | "identify";

/** An OAuth 2.0 provider, its client, and what it asks for. What is not described here is as in {@link Connector}. */
export interface OAuth2Options<Param extends string = never, TokenSet extends string = never>
  extends Omit<Connector<Param, TokenSet>, Settled | "loopback"> {
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /**
   * Finds out whose account it is. `undefined`: `userinfoEndpoint` says it, or nobody does, and then each consent is a
   * connection of its own.
   */
  readonly identify: Identify | undefined;
  /** Left out: S256. */
  readonly pkce?: Pkce | undefined;
  /** Left out: a space (RFC 6749, section 3.3). */
  readonly scopeSeparator?: " " | "," | undefined;
  readonly tokenSets?: Connector<Param, TokenSet>["tokenSets"] | undefined;
  /** Left out: no URL holds a `{name}`. */
  readonly params?: Connector<Param, TokenSet>["params"] | undefined;
}

/** Connects accounts of a provider that follows RFC 6749, by its two endpoints. Everything else is passed on. */
export function oauth2<Param extends string = never, TokenSet extends string = never>(
  options: OAuth2Options<Param, TokenSet>,
): Connector<Param, TokenSet> {
  return defineConnector<Param, TokenSet>({
    ...options,
    pkce: options.pkce ?? "S256",
    scopeSeparator: options.scopeSeparator ?? " ",
    tokenSets: options.tokenSets ?? {},
    // Where no param is given, `Param` is `never`.
    params: options.params ?? ({} as Connector<Param, TokenSet>["params"]),
    emulation: options.emulation ?? (() => import("./emulation.ts").then((module) => module.oauth2Emulation(options))),
  });
}
