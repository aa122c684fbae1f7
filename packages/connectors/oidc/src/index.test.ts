import { type Connector, clientSecretBasic } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { oidcFixtures } from "../fixtures/index.ts";
import { type OidcOptions, oidc } from "./index.ts";

const options: OidcOptions = {
  id: "acme",
  issuer: "https://id.acme.example",
  clientId: "client",
  clientAuthentication: clientSecretBasic("secret"),
  scopes: ["profile", "email", "offline_access"],
  rotation: { kind: "strict" },
  docs: "https://docs.acme.example/login",
  checkedOn: "2026-11-26",
};
const tenants = oidc({ ...options, issuer: "https://{Realm}.acme.example/login/", params: { Realm: /^[a-z]{1,20}$/ } });

connectorContract(test, oidc(options), oidcFixtures);
connectorContract(test, tenants, { ...oidcFixtures, params: { Realm: "west" } });

test("R22 without endpoints of its own everything comes from the issuer", () => {
  const connector: Connector = oidc(options);
  expect(connector.authorizationEndpoint ?? connector.tokenEndpoint ?? connector.jwksUri).toBeUndefined();
  expect(connector).toMatchObject({ issuer: "https://id.acme.example", name: "acme", pkce: "S256" });
});

test("R41 without an API of its own tokens go to the issuer's origin alone", () => {
  expect(oidc(options)).toMatchObject({ apiBaseUrl: options.issuer, apiOrigins: ["https://id.acme.example"] });
  expect(tenants.apiOrigins).toEqual(["https://{Realm}.acme.example"]);
  const api = oidc({ ...options, apiBaseUrl: "https://api.acme.example/v1" });
  expect(api.apiOrigins).toEqual(["https://api.acme.example"]);
  expect(oidc({ ...options, apiOrigins: ["https://a.acme.example"] }).apiOrigins).toEqual(["https://a.acme.example"]);
});

test("`openid` is asked for once, and a consent where offline access is", () => {
  expect(oidc({ ...options, scopes: ["email", "openid"] })).toMatchObject({
    scopes: ["openid", "email"],
    authorizationParams: undefined,
  });
  expect(oidc(options).authorizationParams).toEqual({ prompt: "consent" });
  expect(oidc({ ...options, authorizationParams: { acr_values: "2" } }).authorizationParams).toEqual({
    acr_values: "2",
  });
});

test("R51 what one revocation ends is taken to be all, unless it is said", () => {
  expect(oidc(options).revocationScope).toBe("grant");
  expect(oidc({ ...options, revocationScope: "token" }).revocationScope).toBe("token");
});

test("what is not named here is passed on", () => {
  const more = {
    tokenEndpoint: "https://id.acme.example/t",
    refreshTokenLifetime: 60,
    responseMode: "form_post",
  } as const;
  expect(oidc({ ...options, ...more })).toMatchObject(more);
});
