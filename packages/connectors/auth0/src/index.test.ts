import { clientSecretPost } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { auth0Fixtures } from "../fixtures/index.ts";
import { auth0 } from "./index.ts";

const client = { clientId: "client", clientAuthentication: clientSecretPost("secret"), scopes: ["profile", "email"] };
const { params: _, ...fixtures } = auth0Fixtures;

connectorContract(test, auth0(client), auth0Fixtures);
connectorContract(test, auth0({ ...client, host: "login.acme.example" }), fixtures);

test.each(["acme", "acme.eu", "dev-1a2b.us"])("R25 %s is a tenant", (tenant) => {
  expect(auth0(client).params.tenant.test(tenant)).toBe(true);
});

test.each(["acme.evil.com", "acme.eu.", ".eu", "Acme", "acme.eu/", "-acme", "acme.e", "acme.eur"])(
  "R25 %s is no tenant",
  (tenant) => {
    expect(auth0(client).params.tenant.test(tenant)).toBe(false);
  },
);

test("R22 the issuer ends in a slash, which ID tokens repeat", () => {
  expect(auth0(client).issuer).toBe("https://{tenant}.auth0.com/");
  expect(auth0({ ...client, host: "login.acme.example" })).toMatchObject({
    issuer: "https://login.acme.example/",
    params: {},
  });
});

test("R41 tokens go to the tenant, or to the API that was named", () => {
  expect(auth0(client).apiOrigins).toEqual(["https://{tenant}.auth0.com"]);
  const api = auth0({ ...client, audience: "https://api", apiBaseUrl: "https://api.acme.example/v1" });
  expect(api).toMatchObject({
    apiOrigins: ["https://api.acme.example"],
    authorizationParams: { audience: "https://api" },
  });
});

test("R43 rotation is strict and a revocation ends all, unless the application says otherwise", () => {
  expect(auth0(client)).toMatchObject({ rotation: { kind: "strict" }, revocationScope: "grant" });
  const said = { rotation: { kind: "grace", windowSeconds: 3 }, revocationScope: "token" } as const;
  expect(auth0({ ...client, ...said })).toMatchObject(said);
});

test("a refresh token is always asked for", () => {
  expect(auth0(client).scopes).toEqual(["openid", "offline_access", "profile", "email"]);
});
