import type { Connector, JsonObject } from "@grantkeeper/core/connector";

/** The real provider's endpoints, those included that its connector leaves to discovery. */
export interface Endpoints {
  readonly authorization: string | undefined;
  readonly token: string | undefined;
  readonly refresh: string | undefined;
  readonly revocation: string | undefined;
  readonly deviceAuthorization: string | undefined;
  readonly introspection: string | undefined;
  readonly pushedAuthorizationRequest: string | undefined;
  readonly userinfo: string | undefined;
  readonly jwks: string | undefined;
  /** OpenID Connect Discovery 1.0, section 4, and RFC 8414, section 3.1. */
  readonly metadata: readonly string[];
}

/**
 * The endpoints of a connector; where it leaves them to discovery they lie under the issuer. Without an issuer it has none,
 * and is an API alone.
 */
export function endpointsOf(connector: Connector): Endpoints {
  const { issuer } = connector;
  const base = issuer?.replace(/\/$/, "");
  const underIssuer = (name: string) => (base === undefined ? undefined : `${base}/_emulated/${name}`);
  const discovered = connector.authorizationEndpoint === undefined && connector.tokenEndpoint === undefined;
  const token = connector.tokenEndpoint ?? underIssuer("token");
  return {
    authorization: connector.authorizationEndpoint ?? underIssuer("authorize"),
    token,
    refresh: connector.refreshEndpoint ?? token,
    revocation: connector.revocationEndpoint ?? (discovered ? underIssuer("revoke") : undefined),
    deviceAuthorization: connector.deviceAuthorizationEndpoint,
    introspection: connector.introspectionEndpoint,
    pushedAuthorizationRequest: connector.pushedAuthorizationRequestEndpoint,
    userinfo: connector.userinfoEndpoint ?? (discovered ? underIssuer("userinfo") : undefined),
    jwks: connector.jwksUri ?? underIssuer("jwks"),
    metadata: base === undefined ? [] : wellKnown(base),
  };
}

function wellKnown(issuer: string): readonly string[] {
  const [, host, path] = /^(https?:\/\/[^/]+)(.*)$/.exec(issuer) ?? [];
  return [
    `${issuer}/.well-known/openid-configuration`,
    `${issuer}/.well-known/oauth-authorization-server`,
    `${host}/.well-known/oauth-authorization-server${path}`,
  ];
}

/** What an issuer's metadata say beside what its connector says. */
export interface MetadataFacts {
  readonly issuer: string;
  readonly grantTypes: readonly string[];
  /** Whether authorization requests must be pushed. */
  readonly requirePar: boolean;
  /** Gives an endpoint's URL at the emulator. */
  readonly locate: (realUrl: string) => string;
}

/** The metadata document of an issuer (RFC 8414, section 2). */
export function metadata(
  connector: Connector,
  endpoints: Endpoints,
  { issuer, grantTypes, requirePar, locate }: MetadataFacts,
): JsonObject {
  const optional = (name: string, url: string | undefined) => (url === undefined ? {} : { [name]: locate(url) });
  return {
    issuer,
    ...optional("authorization_endpoint", endpoints.authorization),
    ...optional("token_endpoint", endpoints.token),
    ...optional("revocation_endpoint", endpoints.revocation),
    ...optional("device_authorization_endpoint", endpoints.deviceAuthorization),
    ...optional("introspection_endpoint", endpoints.introspection),
    ...optional("pushed_authorization_request_endpoint", endpoints.pushedAuthorizationRequest),
    ...(requirePar ? { require_pushed_authorization_requests: true } : {}),
    ...optional("userinfo_endpoint", endpoints.userinfo),
    ...optional("jwks_uri", endpoints.jwks),
    response_types_supported: ["code"],
    response_modes_supported: ["query", "form_post"],
    grant_types_supported: grantTypes,
    ...(connector.pkce === "S256" ? { code_challenge_methods_supported: ["S256"] } : {}),
    token_endpoint_auth_methods_supported: [connector.clientAuthentication.method],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: connector.scopes,
    authorization_response_iss_parameter_supported: true,
  };
}
