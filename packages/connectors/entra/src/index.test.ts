import { type Connector, clientSecretPost, type Json, type JsonObject } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { entraFixtures, entraGraphFixtures } from "../fixtures/index.ts";
import { entra } from "./index.ts";

const client = { clientId: "client", clientAuthentication: clientSecretPost("secret"), scopes: ["Mail.Read"] };
const tenant = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
const byTenant = entra(client);
const everybody = entra({ ...client, tenant: "organizations" });

connectorContract(test, byTenant, entraFixtures);
connectorContract(test, everybody, entraGraphFixtures);

test("R37 an ID token is asked for under a tenant's id alone, where one issuer is known", () => {
  for (const connector of [byTenant, entra({ ...client, tenant })]) {
    expect(connector.scopes).toEqual(["offline_access", "openid", "profile", "email", "Mail.Read"]);
    expect(connector.identify).toBeUndefined();
  }
  expect(entra({ ...client, tenant }).issuer).toBe(`https://login.microsoftonline.com/${tenant}/v2.0`);
  for (const name of ["organizations", "common", "consumers", "contoso.onmicrosoft.com"]) {
    const connector: Connector = entra({ ...client, tenant: name });
    expect(connector.issuer).toBeUndefined();
    expect(connector.scopes).toEqual(["offline_access", "User.Read", "Mail.Read"]);
    expect(connector.tokenEndpoint).toBe(`https://login.microsoftonline.com/${name}/oauth2/v2.0/token`);
  }
});

test.each(["common", "organizations", "contoso.onmicrosoft.com", tenant.toUpperCase(), `${tenant}/`])(
  "R25 %s is no tenant that a start may name",
  (name) => {
    expect(byTenant.params.tenant.test(name)).toBe(false);
  },
);

test("R18 scopes that an answer need not name are counted by what came with it", () => {
  const read = (body: JsonObject) => byTenant.readTokens?.(body)["default"]?.["scope"];
  expect(read({ access_token: "a", refresh_token: "r", scope: "Mail.Read" })).toBe(
    "Mail.Read offline_access openid profile email",
  );
  expect(read({ access_token: "a", scope: "Mail.Read profile" })).toBe("Mail.Read profile openid email");
  expect(read({ access_token: "a" })).toBeUndefined();
});

test("R18 a permission of Graph is granted under its short or its long name", () => {
  const long = "https://graph.microsoft.com/Mail.Send";
  const includes = entra({ ...client, scopes: ["Mail.Read", long, "api://1/read"] }).scopeIncludes;
  expect(includes?.["https://graph.microsoft.com/Mail.Read"]).toEqual(["Mail.Read"]);
  expect(includes?.["Mail.Send"]).toEqual([long]);
  expect(Object.keys(includes ?? {}).some((name) => name.includes("api:"))).toBe(false);
});

test.each(["interaction_required", "consent_required", "login_required"])(
  "R36 %s at a refresh means that only the user helps",
  (error) => {
    const read = (body: Json) => byTenant.readError?.({ status: 400, headers: new Headers(), body });
    expect(read({ error, suberror: "basic_action", error_description: "AADSTS50076: …" })).toEqual({
      error: "invalid_grant",
      errorDescription: `${error}: basic_action: AADSTS50076: …`,
    });
  },
);

test("R36 a fault of the client ends no grant", () => {
  for (const error of ["invalid_client", "unauthorized_client", "temporarily_unavailable", "invalid_grant"]) {
    expect(byTenant.readError?.({ status: 400, headers: new Headers(), body: { error } })).toBeUndefined();
  }
});

test("R41 tokens go to Microsoft Graph, or to the API that was named", () => {
  expect(byTenant.apiOrigins).toEqual(["https://graph.microsoft.com"]);
  const api = { apiBaseUrl: "https://api.contoso.example/v1", scopes: ["api://1/read"] };
  expect(entra({ ...client, ...api, tenant }).apiOrigins).toEqual(["https://api.contoso.example"]);
});

test("R43 a refresh token may be sent again for as long as the shortest-lived one lives", () => {
  expect(byTenant.rotation).toEqual({ kind: "grace", windowSeconds: 24 * 3600 });
});
