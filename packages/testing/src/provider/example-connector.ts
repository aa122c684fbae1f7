import { type Connector, clientSecretBasic, defineConnector } from "@grantkeeper/core/connector";

/** An invented provider for this package's own tests. */
export function exampleConnector(change: Partial<Connector<never, "user">> = {}): Connector<never, "user"> {
  return defineConnector<never, "user">({
    id: "example",
    name: "Example",
    clientId: "client-1",
    clientAuthentication: clientSecretBasic("s:e+c%r-é"),
    pkce: "S256",
    authorizationEndpoint: "https://login.example.com/authorize",
    tokenEndpoint: "https://login.example.com/token",
    revocationEndpoint: "https://login.example.com/revoke",
    userinfoEndpoint: "https://api.example.com/v1/me",
    apiBaseUrl: "https://api.example.com/v1/",
    apiOrigins: ["https://api.example.com"],
    scopes: ["read", "write"],
    scopeSeparator: " ",
    tokenSets: {},
    params: {},
    rotation: { kind: "strict" },
    revocationScope: "token",
    docs: "https://example.com/docs",
    checkedOn: "2026-11-01",
    ...change,
  });
}
