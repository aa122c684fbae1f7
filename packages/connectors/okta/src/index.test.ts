import { clientSecretBasic } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { oktaFixtures } from "../fixtures/index.ts";
import { okta } from "./index.ts";

const client = { clientId: "client", clientAuthentication: clientSecretBasic("secret"), scopes: ["profile", "email"] };
const { params: _, ...fixtures } = oktaFixtures;

connectorContract(test, okta(client), oktaFixtures);
connectorContract(test, okta({ ...client, authorizationServer: "default", domain: "oktapreview.com" }), oktaFixtures);
connectorContract(test, okta({ ...client, host: "login.acme.example" }), fixtures);

test("R22 the organization's own server is issued by its host, a custom one by its path", () => {
  expect(okta(client)).toMatchObject({
    issuer: "https://{organization}.okta.com",
    tokenEndpoint: "https://{organization}.okta.com/oauth2/v1/token",
  });
  expect(okta({ ...client, authorizationServer: "aus9o8wzkhckw9TLa0h7z", host: "acme.okta.com" })).toMatchObject({
    issuer: "https://acme.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z",
    tokenEndpoint: "https://acme.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z/v1/token",
    params: {},
  });
});

test.each(["acme.evil", "Acme", "-acme", "acme.okta.com", ""])("R25 %j is no organization", (organization) => {
  expect(okta(client).params.organization.test(organization)).toBe(false);
});

test("R41 tokens go to the organization, or to the API that was named", () => {
  expect(okta({ ...client, domain: "okta-emea.com" }).apiOrigins).toEqual(["https://{organization}.okta-emea.com"]);
  expect(okta({ ...client, apiBaseUrl: "https://api.acme.example/v1" }).apiOrigins).toEqual([
    "https://api.acme.example",
  ]);
});

test("R43 rotation is strict and a token idles for a week, unless the app says otherwise", () => {
  expect(okta(client)).toMatchObject({ rotation: { kind: "strict" }, refreshTokenIdleLifetime: 7 * 24 * 3600 });
  const said = { rotation: { kind: "grace", windowSeconds: 30 }, refreshTokenIdleLifetime: 60 } as const;
  expect(okta({ ...client, ...said })).toMatchObject(said);
});
