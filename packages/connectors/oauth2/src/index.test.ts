import { type Account, clientSecretPost, type IdentityInput } from "@grantkeeper/core/connector";
import { connectorContract } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { oauth2Fixtures } from "../fixtures/index.ts";
import { type OAuth2Options, oauth2 } from "./index.ts";

const options: OAuth2Options = {
  id: "acme",
  name: "Acme",
  clientId: "client",
  clientAuthentication: clientSecretPost("secret"),
  authorizationEndpoint: "https://acme.example/oauth/authorize",
  tokenEndpoint: "https://acme.example/oauth/token",
  revocationEndpoint: "https://acme.example/oauth/revoke",
  apiBaseUrl: "https://api.acme.example/v1",
  apiOrigins: ["https://api.acme.example"],
  scopes: ["read", "write"],
  rotation: { kind: "strict" },
  revocationScope: "token",
  identify: { request: () => ({ url: "users/self", authentication: "bearer" }), read },
  docs: "https://docs.acme.example/oauth",
  checkedOn: "2026-11-26",
};
const regional = oauth2({
  ...options,
  authorizationEndpoint: "https://{region}.acme.example/oauth/authorize",
  params: { region: /^[a-z]{2}$/ },
  identify: {
    request: () => ({ url: "https://api.acme.example/whoami", method: "POST", authentication: "bearer" }),
    read,
  },
});

connectorContract(test, oauth2(options), oauth2Fixtures);
connectorContract(test, regional, { ...oauth2Fixtures, params: { region: "eu" } });
connectorContract(
  test,
  oauth2({ ...options, identify: undefined, userinfoEndpoint: "https://acme.example/oauth/userinfo" }),
  { ...oauth2Fixtures, identities: [] },
);

test("R2 what RFC 6749 and RFC 7636 settle is settled: a space between scopes, and S256", () => {
  expect(oauth2(options)).toMatchObject({ scopeSeparator: " ", pkce: "S256", tokenSets: {}, params: {} });
});

test("what is given is passed on as it is", () => {
  const more = {
    pkce: { refused: "https://docs.acme.example/oauth#pkce" },
    scopeSeparator: ",",
    tokenSets: { user: { scopes: ["search"] } },
    bodyFormat: "json",
    refreshEndpoint: "https://acme.example/oauth/refresh",
    accessTokenLifetime: 60,
    emulation: async () => ({ accounts: [], routes: [], exampleCall: { path: "me" } }),
  } as const;
  expect(oauth2<never, "user">({ ...options, ...more })).toMatchObject({ ...options, ...more });
});

function read({ response }: IdentityInput): Account | undefined {
  return typeof response === "object" &&
    response !== null &&
    "id" in response &&
    typeof response.id === "string" &&
    response.id !== ""
    ? { id: response.id }
    : undefined;
}
