import { clientSecretPost } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { onBehalfOfFixtures } from "../fixtures/on-behalf-of.ts";
import { entraOnBehalfOf } from "./on-behalf-of.ts";

const client = { clientId: "client", clientAuthentication: clientSecretPost("secret"), scopes: ["User.Read"] };
const tenant = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
const byTenant = entraOnBehalfOf(client);
const { params: _, ...withoutParams } = onBehalfOfFixtures;

connectorContract(test, byTenant, onBehalfOfFixtures);
connectorContract(test, entraOnBehalfOf({ ...client, tenant }), withoutParams);

test("R50 the user's token is the assertion, on behalf of its user", () => {
  const { credentials } = byTenant;
  if (credentials?.kind !== "once") throw new Error("the user's token must not be kept");
  const { scopes, clientId, tokenEndpoint = "" } = byTenant;
  const given = { credentials: { userToken: "a.b.c" }, params: { tenant }, scopes, clientId, tokenEndpoint };
  expect(credentials.request(given)).toEqual({
    grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    form: { assertion: "a.b.c", requested_token_use: "on_behalf_of", scope: "offline_access User.Read" },
  });
});

test("R41 the tokens go to Microsoft Graph, or to the API that was named", () => {
  expect(byTenant.apiOrigins).toEqual(["https://graph.microsoft.com"]);
  const api = { apiBaseUrl: "https://api.contoso.example/v1", scopes: ["api://1/read"] };
  expect(entraOnBehalfOf({ ...client, ...api, tenant }).apiOrigins).toEqual(["https://api.contoso.example"]);
});

test.each(["", "a.b", "a.b.c.d", "a.b.c ", "a.b.", "a.b.c\n"])("R54 %j is no user's token", (text) => {
  expect(byTenant.credentials?.fields.userToken.test(text)).toBe(false);
});
