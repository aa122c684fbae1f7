import { type Connector, clientSecretBasic, defineConnector, type Rotation } from "@grantkeeper/core/connector";

/** The connector of an oidc-provider that listens at `issuer`. */
export function oidcConnector(client: {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly rotation: Rotation;
  /** True: the connector pushes its requests. */
  readonly pushes: boolean;
}): Connector<never, never> {
  const { issuer, clientId, clientSecret, rotation, pushes } = client;
  return defineConnector<never, never>({
    id: "oidc",
    name: "OpenID provider",
    clientId,
    clientAuthentication: clientSecretBasic(clientSecret),
    pkce: "S256",
    issuer,
    authorizationEndpoint: `${issuer}/auth`,
    tokenEndpoint: `${issuer}/token`,
    revocationEndpoint: `${issuer}/token/revocation`,
    deviceAuthorizationEndpoint: `${issuer}/device/auth`,
    introspectionEndpoint: `${issuer}/token/introspection`,
    ...(pushes ? { pushedAuthorizationRequestEndpoint: `${issuer}/request` } : {}),
    userinfoEndpoint: `${issuer}/me`,
    jwksUri: `${issuer}/jwks`,
    apiBaseUrl: `${issuer}/`,
    apiOrigins: [issuer],
    scopes: ["openid", "profile", "email", "offline_access"],
    scopeSeparator: " ",
    tokenSets: {},
    params: {},
    authorizationParams: { prompt: "consent" },
    rotation,
    revocationScope: "grant",
    docs: "https://github.com/panva/node-oidc-provider/blob/main/docs/README.md",
    checkedOn: "2026-11-23",
    loopback: true,
  });
}
