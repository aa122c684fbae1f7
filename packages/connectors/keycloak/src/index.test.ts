import { clientSecretBasic } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { keycloakFixtures } from "../fixtures/index.ts";
import { keycloak } from "./index.ts";

const options = {
  host: "id.acme.example",
  clientId: "client",
  clientAuthentication: clientSecretBasic("secret"),
  scopes: ["profile", "email"],
};
const { params: _, ...fixtures } = keycloakFixtures;

connectorContract(test, keycloak(options), keycloakFixtures);
connectorContract(test, keycloak({ ...options, realm: "acme", path: "/auth" }), fixtures);

test("R22 a realm's issuer lies under the server's path", () => {
  expect(keycloak(options).issuer).toBe("https://id.acme.example/realms/{realm}");
  expect(keycloak({ ...options, realm: "acme", path: "/auth" })).toMatchObject({
    issuer: "https://id.acme.example/auth/realms/acme",
    apiOrigins: ["https://id.acme.example"],
    params: {},
  });
});

test.each(["../master", ".", "..", "-x", "a/b", "a%2Fb", "two words"])("R25 %j is no realm", (realm) => {
  expect(keycloak(options).params.realm.test(realm)).toBe(false);
});

test("R43 rotation is strict and a token idles for 30 days, unless the realm says otherwise", () => {
  expect(keycloak(options)).toMatchObject({ rotation: { kind: "strict" }, refreshTokenIdleLifetime: 30 * 24 * 3600 });
  const said = { rotation: { kind: "none" }, refreshTokenIdleLifetime: 60 } as const;
  expect(keycloak({ ...options, ...said })).toMatchObject(said);
});

test("the lifetime of a refresh token is read under Keycloak's name for it", () => {
  const read = keycloak(options).readTokens?.({ access_token: "a", refresh_token: "r", refresh_expires_in: 1800 });
  expect(read).toEqual({ default: { access_token: "a", refresh_token: "r", refresh_token_expires_in: 1800 } });
});
