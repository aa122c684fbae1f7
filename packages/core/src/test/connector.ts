import { clientSecretPost } from "../connector/client-authentication.ts";
import type { Connector } from "../connector/types.ts";
import type { ConnectorsOptions } from "../provider/connectors.ts";

/** An invented provider, for tests. */
export function exampleConnector(change: Partial<Connector> = {}): Connector {
  return {
    id: "example",
    name: "Example",
    clientId: "client-1",
    clientAuthentication: clientSecretPost("client-secret-1"),
    pkce: "S256",
    authorizationEndpoint: "https://login.example.com/authorize",
    tokenEndpoint: "https://login.example.com/token",
    apiBaseUrl: "https://api.example.com/v1/",
    apiOrigins: ["https://api.example.com"],
    scopes: ["read"],
    scopeSeparator: " ",
    tokenSets: {},
    params: {},
    rotation: { kind: "strict" },
    revocationScope: "token",
    docs: "https://example.com/docs",
    checkedOn: "2026-11-01",
    ...change,
  };
}

/** For `createConnectors`. */
export function connectorsOptions(fetchIsGuarded = false): ConnectorsOptions {
  return { now: Date.now, cacheForMs: 10_000, fetchIsGuarded };
}
