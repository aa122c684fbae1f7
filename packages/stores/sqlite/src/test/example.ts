import type { Connector } from "@grantkeeper/core/connector";
import { clientSecretPost, defineConnector } from "@grantkeeper/core/connector";

export const example: Connector<never, never> = defineConnector({
  id: "example",
  name: "Example",
  clientId: "client",
  clientAuthentication: clientSecretPost("secret"),
  pkce: "S256",
  authorizationEndpoint: "https://example.com/authorize",
  tokenEndpoint: "https://example.com/token",
  apiBaseUrl: "https://api.example.com/",
  apiOrigins: ["https://api.example.com"],
  scopes: ["read"],
  scopeSeparator: " ",
  tokenSets: {},
  params: {},
  rotation: { kind: "strict" },
  revocationScope: "token",
  docs: "https://example.com/docs",
  checkedOn: "2026-11-23",
});
