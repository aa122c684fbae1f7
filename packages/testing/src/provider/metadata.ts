import type { Connector, JsonObject } from "@grantkeeper/core/connector";

/** The real provider's endpoints, those included that its connector leaves to discovery. */
export interface Endpoints {
  readonly authorization: string;
  readonly token: string;
  readonly refresh: string;
  readonly revocation: string | undefined;
  readonly userinfo: string | undefined;
  readonly jwks: string | undefined;
  /** OpenID Connect Discovery 1.0, section 4, and RFC 8414, section 3.1. */
  readonly metadata: readonly string[];
}

/** The endpoints of a connector; where it leaves them to discovery they lie under the issuer. */
export function endpointsOf(connector: Connector): Endpoints {
  const { issuer } = connector;
  const base = issuer?.replace(/\/$/, "");
  const underIssuer = (name: string): string => {
    if (base === undefined) throw new TypeError(`${connector.id} has neither an issuer nor its ${name} endpoint.`);
    return `${base}/_emulated/${name}`;
  };
  const discovered = connector.authorizationEndpoint === undefined && connector.tokenEndpoint === undefined;
  const token = connector.tokenEndpoint ?? underIssuer("token");
  return {
    authorization: connector.authorizationEndpoint ?? underIssuer("authorize"),
    token,
    refresh: connector.refreshEndpoint ?? token,
    revocation: connector.revocationEndpoint ?? (discovered ? underIssuer("revoke") : undefined),
    userinfo: connector.userinfoEndpoint ?? (discovered ? underIssuer("userinfo") : undefined),
    jwks: connector.jwksUri ?? (issuer === undefined ? undefined : underIssuer("jwks")),
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

/** The metadata document of an issuer (RFC 8414, section 2). `locate` gives an endpoint's URL at the emulator. */
export function metadata(
  connector: Connector,
  endpoints: Endpoints,
  issuer: string,
  locate: (realUrl: string) => string,
): JsonObject {
  const optional = (name: string, url: string | undefined) => (url === undefined ? {} : { [name]: locate(url) });
  return {
    issuer,
    authorization_endpoint: locate(endpoints.authorization),
    token_endpoint: locate(endpoints.token),
    ...optional("revocation_endpoint", endpoints.revocation),
    ...optional("userinfo_endpoint", endpoints.userinfo),
    ...optional("jwks_uri", endpoints.jwks),
    response_types_supported: ["code"],
    response_modes_supported: ["query", "form_post"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    ...(connector.pkce === "S256" ? { code_challenge_methods_supported: ["S256"] } : {}),
    token_endpoint_auth_methods_supported: [connector.clientAuthentication.method],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["RS256"],
    scopes_supported: connector.scopes,
    authorization_response_iss_parameter_supported: true,
  };
}
