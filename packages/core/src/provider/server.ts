import type { Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import { defined } from "./token-response.ts";

/** A connector's endpoints for one set of params: no placeholder is left, and each URL may be called. */
export interface Server {
  readonly issuer?: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly refreshEndpoint: string;
  readonly revocationEndpoint?: string;
  readonly userinfoEndpoint?: string;
  readonly jwksUri?: string;
  /** What ID tokens may be signed by. Left out: RS256 (OpenID Connect Core, section 3.1.3.7 (7)). */
  readonly idTokenAlgorithms?: readonly string[];
  /** RFC 9207: the authorization response must name the issuer. */
  readonly issParameterSupported: boolean;
  readonly apiBaseUrl: string;
  readonly apiOrigins: readonly string[];
}

/** What an issuer publishes about itself (RFC 8414, section 2). */
export interface DiscoveredMetadata {
  readonly authorization_endpoint?: string | undefined;
  readonly token_endpoint?: string | undefined;
  readonly revocation_endpoint?: string | undefined;
  readonly userinfo_endpoint?: string | undefined;
  readonly jwks_uri?: string | undefined;
  readonly id_token_signing_alg_values_supported?: readonly string[] | undefined;
  readonly authorization_response_iss_parameter_supported?: boolean | undefined;
}

/** Joins what a connector states with what its issuer publishes; what the connector states goes first. */
export function serverOf(
  connector: Connector,
  params: Readonly<Record<string, string>>,
  metadata: DiscoveredMetadata = {},
): Server {
  const url = (name: string, template: string | undefined, discovered?: string): string | undefined => {
    const value = template === undefined ? discovered : expandTemplate(template, params);
    if (value !== undefined) assertCallable(connector, name, value);
    return value;
  };
  const required = (name: string, value: string | undefined): string => {
    if (value !== undefined) return value;
    throw new GrantkeeperError(
      "invalid_config",
      `Connector "${connector.id}" has no ${name}, and its issuer names none.`,
    );
  };
  const authorizationEndpoint = required(
    "authorizationEndpoint",
    url("authorizationEndpoint", connector.authorizationEndpoint, metadata.authorization_endpoint),
  );
  const tokenEndpoint = required(
    "tokenEndpoint",
    url("tokenEndpoint", connector.tokenEndpoint, metadata.token_endpoint),
  );
  const apiBaseUrl = required("apiBaseUrl", url("apiBaseUrl", connector.apiBaseUrl));
  return {
    authorizationEndpoint,
    tokenEndpoint,
    refreshEndpoint: url("refreshEndpoint", connector.refreshEndpoint) ?? tokenEndpoint,
    apiBaseUrl,
    apiOrigins: connector.apiOrigins.map((origin) => expandTemplate(origin, params)),
    issParameterSupported: metadata.authorization_response_iss_parameter_supported === true,
    ...defined("issuer", url("issuer", connector.issuer)),
    ...defined(
      "revocationEndpoint",
      url("revocationEndpoint", connector.revocationEndpoint, metadata.revocation_endpoint),
    ),
    ...defined("userinfoEndpoint", url("userinfoEndpoint", connector.userinfoEndpoint, metadata.userinfo_endpoint)),
    ...defined("jwksUri", url("jwksUri", connector.jwksUri, metadata.jwks_uri)),
    ...defined("idTokenAlgorithms", signatures(metadata.id_token_signing_alg_values_supported)),
  };
}

const signature = /^((RS|PS|ES)\d{3}|EdDSA|Ed25519)$/;

/** Of the algorithms in metadata those that are signatures: neither `none`, nor one by a secret that clients have too. */
function signatures(algorithms: unknown): readonly string[] | undefined {
  if (!Array.isArray(algorithms)) return undefined;
  const names: readonly unknown[] = algorithms;
  return names.filter((name) => typeof name === "string").filter((name) => signature.test(name));
}

/** Puts params into the `{name}` places of a template. They were matched against anchored patterns before. */
export function expandTemplate(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/\{([a-zA-Z]\w*)\}/g, (place, name: string) =>
    Object.hasOwn(params, name) ? (params[name] ?? place) : place,
  );
}

/** https everywhere; http only on the loopback interface, and only for a connector that `startProvider` gave back. */
export function assertCallable(connector: Connector, name: string, value: string): void {
  if (value.includes("{")) {
    throw new GrantkeeperError("invalid_config", `${name} of connector "${connector.id}" needs a param that it lacks.`);
  }
  const url = URL.parse(value);
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return;
  if (url?.protocol === "http:" && connector.loopback === true && isLoopback(url.hostname)) {
    if (process.env["NODE_ENV"] !== "production") return;
    throw new GrantkeeperError(
      "invalid_config",
      `Connector "${connector.id}" points at a local emulator, which is refused under NODE_ENV=production.`,
    );
  }
  throw new GrantkeeperError("invalid_config", `${name} of connector "${connector.id}" must be an https URL.`);
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
