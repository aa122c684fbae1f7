import { type Connector, clientSecretBasic, defineConnector, type Rotation } from "@grantkeeper/core/connector";

/** The connector of an oidc-provider that listens at `issuer`. */
export function oidcConnector(client: {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly rotation: Rotation;
}): Connector<never, never> {
  const { issuer, clientId, clientSecret, rotation } = client;
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
