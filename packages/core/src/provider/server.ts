import type { Connector } from "../connector/types.ts";
import { GrantkeeperError } from "../errors.ts";
import { isVerificationOff } from "./tls.ts";
import { defined } from "./token-response.ts";

/** A connector's endpoints for one set of params: no placeholder is left, and each URL may be called. */
export interface Server {
  readonly issuer?: string;
  /** Left out where no user consents in a browser. */
  readonly authorizationEndpoint?: string;
  /** Where there is none, since credentials are tokens: the API that they are for. */
  readonly tokenEndpoint: string;
  readonly refreshEndpoint: string;
  readonly revocationEndpoint?: string;
  readonly userinfoEndpoint?: string;
  readonly deviceAuthorizationEndpoint?: string;
  readonly introspectionEndpoint?: string;
  readonly pushedAuthorizationRequestEndpoint?: string;
  /** RFC 9126, section 5: an authorization request that was not pushed is refused. */
  readonly requirePushedAuthorizationRequests: boolean;
  readonly jwksUri?: string;
  /** What ID tokens may be signed by. Left out: RS256 (OpenID Connect Core, section 3.1.3.7 (7)). */
  readonly idTokenAlgorithms?: readonly string[];
  /** RFC 9207: the authorization response must name the issuer. */
  readonly issParameterSupported: boolean;
  /** The issuer says which methods of PKCE it has, and S256 is none of them. */
  readonly lacksS256?: true;
  readonly apiBaseUrl: string;
  readonly apiOrigins: readonly string[];
}

/** What an issuer publishes about itself (RFC 8414, section 2), as it came: of any type. */
export interface DiscoveredMetadata {
  readonly authorization_endpoint?: unknown;
  readonly token_endpoint?: unknown;
  readonly revocation_endpoint?: unknown;
  readonly userinfo_endpoint?: unknown;
  readonly device_authorization_endpoint?: unknown;
  readonly pushed_authorization_request_endpoint?: unknown;
  readonly require_pushed_authorization_requests?: unknown;
  readonly jwks_uri?: unknown;
  readonly id_token_signing_alg_values_supported?: unknown;
  readonly authorization_response_iss_parameter_supported?: unknown;
  readonly code_challenge_methods_supported?: unknown;
}

/** Joins what a connector states with what its issuer publishes; what the connector states goes first. */
export function serverOf(
  connector: Connector,
  params: Readonly<Record<string, string>>,
  metadata: DiscoveredMetadata = {},
): Server {
  const url = (name: string, template: string | undefined, discovered?: unknown): string | undefined => {
    const value = template === undefined ? discovered : expandTemplate(template, params);
    if (value === undefined) return undefined;
    if (typeof value !== "string") {
      // Not left out: without the keys' address no ID token's signature would be asked for.
      throw new GrantkeeperError("invalid_response", `The issuer of "${connector.id}" names no URL as its ${name}.`);
    }
    assertCallable(connector, name, value);
    return value;
  };
  const required = (name: string, value: string | undefined): string => {
    if (value !== undefined) return value;
    throw new GrantkeeperError(
      "invalid_config",
      `Connector "${connector.id}" has no ${name}, and its issuer names none.`,
    );
  };
  const { credentials, issuer } = connector;
  const authorization = url("authorizationEndpoint", connector.authorizationEndpoint, metadata.authorization_endpoint);
  // A connector without a browser flow says how else its connections are made.
  if (credentials === undefined && connector.deviceAuthorizationEndpoint === undefined) {
    required("authorizationEndpoint", authorization);
  }
  const apiBaseUrl = required("apiBaseUrl", url("apiBaseUrl", connector.apiBaseUrl));
  const token = url("tokenEndpoint", connector.tokenEndpoint, metadata.token_endpoint);
  const tokenEndpoint = credentials === undefined ? required("tokenEndpoint", token) : (token ?? apiBaseUrl);
  const optional = <Name extends keyof Server & keyof Connector>(
    name: Name,
    discovered?: unknown,
  ): { readonly [N in Name]?: string } => defined(name, url(name, connector[name] as string | undefined, discovered));
  return {
    tokenEndpoint,
    refreshEndpoint: url("refreshEndpoint", connector.refreshEndpoint) ?? tokenEndpoint,
    apiBaseUrl,
    apiOrigins: connector.apiOrigins.map((origin) => expandTemplate(origin, params)),
    issParameterSupported: metadata.authorization_response_iss_parameter_supported === true,
    requirePushedAuthorizationRequests: metadata.require_pushed_authorization_requests === true,
    ...defined("authorizationEndpoint", authorization),
    ...defined("issuer", url("issuer", issuer)),
    ...optional("revocationEndpoint", metadata.revocation_endpoint),
    ...optional("userinfoEndpoint", metadata.userinfo_endpoint),
    ...optional("deviceAuthorizationEndpoint", metadata.device_authorization_endpoint),
    ...optional("introspectionEndpoint"),
    ...optional("pushedAuthorizationRequestEndpoint", metadata.pushed_authorization_request_endpoint),
    ...optional("jwksUri", metadata.jwks_uri),
    ...defined("idTokenAlgorithms", signatures(metadata.id_token_signing_alg_values_supported)),
    ...(lacksS256(metadata.code_challenge_methods_supported) ? { lacksS256: true } : {}),
  };
}

/** An issuer that says nothing about PKCE (RFC 8414, section 2) gets a challenge all the same, and may ignore it. */
function lacksS256(methods: unknown): boolean {
  return Array.isArray(methods) && !methods.includes("S256");
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

/** https everywhere, with its certificates verified; http only on the loopback interface, and only for a connector that `startProvider` gave back. */
export function assertCallable(connector: Connector, name: string, value: string): void {
  if (value.includes("{")) {
    throw new GrantkeeperError("invalid_config", `${name} of connector "${connector.id}" needs a param that it lacks.`);
  }
  assertProcess(connector);
  const url = URL.parse(value);
  if (url?.protocol === "https:" && url.username === "" && url.password === "") return;
  if (url?.protocol === "http:" && connector.loopback === true && isLoopback(url.hostname)) return;
  throw new GrantkeeperError("invalid_config", `${name} of connector "${connector.id}" must be an https URL.`);
}

/** That this process is none in which the connector must not be called. Asked at each request, since Node asks at each connection. */
export function assertProcess(connector: Connector): void {
  if (!isVerificationOff() && connector.loopback !== true) return;
  if (process.env["NODE_ENV"] !== "production") return;
  if (isVerificationOff()) {
    throw new GrantkeeperError(
      "invalid_config",
      "NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the verification of certificates, which is refused under NODE_ENV=production. Name a certificate authority of your own by NODE_EXTRA_CA_CERTS.",
    );
  }
  throw new GrantkeeperError(
    "invalid_config",
    `Connector "${connector.id}" points at a local emulator, which is refused under NODE_ENV=production.`,
  );
}

export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname);
}
