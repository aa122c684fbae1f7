import { type Connector, clientSecretPost, defineConnector } from "../connector/index.ts";

/** A connector whose host is the owner's: for tests of params. */
export const zendeskLike: Connector<"subdomain"> = defineConnector({
  id: "zendesk",
  name: "Zendesk",
  clientId: "client-1",
  clientAuthentication: clientSecretPost("client-secret-1"),
  pkce: "S256",
  authorizationEndpoint: "https://{subdomain}.zendesk.com/oauth/authorizations/new",
  tokenEndpoint: "https://{subdomain}.zendesk.com/oauth/tokens",
  apiBaseUrl: "https://{subdomain}.zendesk.com/api/v2",
  apiOrigins: ["https://{subdomain}.zendesk.com"],
  scopes: ["read"],
  scopeSeparator: " ",
  tokenSets: {},
  params: { subdomain: /^[a-z0-9][a-z0-9-]{0,62}$/ },
  bodyFormat: "json",
  rotation: { kind: "strict" },
  revocationScope: "token",
  docs: "https://developer.zendesk.com/",
  checkedOn: "2026-11-23",
});
