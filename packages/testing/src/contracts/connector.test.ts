import { generateKeyPairSync } from "node:crypto";
import type { Connector, JsonObject } from "@grantkeeper/core/connector";
import { clientSecretJwt, clientSecretPost, privateKeyJwt } from "@grantkeeper/core/connector";
import { expect, test } from "vitest";
import { exampleConnector } from "../provider/example-connector.ts";
import { failuresOf } from "./collect-tests.ts";
import { connectorContract } from "./connector.ts";
import type { ConnectorFixtures } from "./connector-fixtures.ts";

const source = "https://example.com/docs";
const fixtures: ConnectorFixtures = {
  tokenResponses: [
    {
      name: "plain",
      source,
      body: { access_token: "a", refresh_token: "r", expires_in: 3600, scope: "read write", token_type: "bearer" },
      expected: { default: { accessToken: "a", refreshToken: "r", expiresInSeconds: 3600, scopes: ["write", "read"] } },
    },
  ],
  errors: [{ name: "plain", source, status: 400, body: { error: "invalid_grant" }, expected: "invalid_grant" }],
  identities: [{ name: "userinfo", source, tokenResponse: {}, response: { sub: "7" }, expected: { id: "7" } }],
  revocations: [{ name: "plain", source, status: 200, body: null, revoked: true }],
};

connectorContract(test, exampleConnector(), fixtures);
connectorContract(
  test,
  exampleConnector({
    id: "example-openid",
    issuer: "https://login.example.com/",
    authorizationEndpoint: undefined,
    tokenEndpoint: undefined,
    revocationEndpoint: undefined,
    userinfoEndpoint: "https://login.example.com/me",
    clientAuthentication: clientSecretPost("secret"),
    scopes: ["openid", "email"],
    rotation: { kind: "untilUsed" },
    bodyFormat: "json",
    responseMode: "form_post",
  }),
  { tokenResponses: [], errors: [], identities: [] },
);
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const plain = { tokenResponses: [], errors: [], identities: [] };
connectorContract(
  test,
  exampleConnector({
    id: "example-private-key",
    clientAuthentication: privateKeyJwt(
      { privateKey: privateKeyPem, algorithm: "ES256" },
      { audience: "https://login.example.com" },
    ),
  }),
  plain,
);
connectorContract(
  test,
  exampleConnector({
    id: "example-secret-jwt",
    issuer: "https://login.example.com",
    scopes: ["openid"],
    clientAuthentication: clientSecretJwt("a-secret-of-thirty-two-bytes-or-so"),
  }),
  plain,
);
const tenant = exampleConnector({
  authorizationEndpoint: "https://{subdomain}.example.com/authorize",
  tokenEndpoint: "https://{subdomain}.example.com/token",
  revocationEndpoint: "https://{subdomain}.example.com/revoke",
  userinfoEndpoint: "https://{subdomain}.example.com/api/me",
  apiBaseUrl: "https://{subdomain}.example.com/api",
  apiOrigins: ["https://{subdomain}.example.com"],
  rotation: { kind: "none" },
}) as unknown as Connector;
const tenantWith = (pattern: RegExp): Connector => Object.freeze({ ...tenant, params: { subdomain: pattern } });
const tenantFixtures = { params: { subdomain: "acme" }, tokenResponses: [], errors: [], identities: [] };
connectorContract(test, tenantWith(/^[a-z0-9]+$/), tenantFixtures);

const readBody = (body: JsonObject) => ({ default: body });
test.for<[flaw: string, test: string, connector: Connector]>([
  ["thawed", "a connector is frozen", { ...exampleConnector() }],
  ["id with a capital", "a connector has an id", exampleConnector({ id: "Example" })],
  ["http endpoint", "R23", exampleConnector({ tokenEndpoint: "http://login.example.com/token" })],
  ["credentials in a URL", "R23", exampleConnector({ tokenEndpoint: "https://a@login.example.com/token" })],
  ["origin with a path", "R41 access tokens", exampleConnector({ apiOrigins: ["https://api.example.com/v1"] })],
  ["API outside its origins", "R41 access tokens", exampleConnector({ apiOrigins: ["https://other.example.com"] })],
  ["rotation unknown", "rotation and lifetimes", exampleConnector({ rotation: { kind: "never" } as never })],
  ["window of nothing", "rotation and lifetimes", exampleConnector({ rotation: { kind: "grace", windowSeconds: 0 } })],
  ["refusal without a source", "R2 ", exampleConnector({ pkce: { refused: "http://example.com" } })],
  ["impossible date", "facts have", exampleConnector({ checkedOn: "2026-02-30" })],
  ["scope with its separator", "scopes are whole", exampleConnector({ scopes: ["read write"] })],
  ["half of the endpoints", "R23", exampleConnector({ tokenEndpoint: undefined, issuer: "https://login.example.com" })],
  ["param that is not anchored", "R25", tenantWith(/[a-z0-9]+$/)],
  ["param anchored in one alternative", "R25", tenantWith(/^[a-z]+|[0-9]+$/)],
  ["param that takes a dot and a slash", "R25", tenantWith(/^[a-z0-9./]+$/)],
  ["param that takes any line", "R25", tenantWith(/^[a-z0-9]+$/m)],
  ["param that keeps state", "R25", tenantWith(/^[a-z0-9]+$/g)],
  [
    "readTokens loses the refresh token",
    "tokens: plain",
    exampleConnector({ readTokens: ({ access_token }) => ({ default: { access_token: access_token ?? null } }) }),
  ],
  [
    "readTokens throws",
    "R57",
    exampleConnector({ readTokens: (body) => readBody(JSON.parse(String(body["data"] ?? "{}")) as JsonObject) }),
  ],
  [
    "readTokens throws where one field of a token response is missing",
    "R57 nor does a documented answer",
    exampleConnector({
      readTokens: (body) =>
        body["access_token"] === "a"
          ? { default: { ...body, expires_in: Number((body["expires_in"] as number).toFixed()) } }
          : {},
    }),
  ],
  [
    "readError throws",
    "R57",
    exampleConnector({ readError: ({ body }) => ({ error: (body as { error: string }).error.toLowerCase() }) }),
  ],
  [
    "readError sees errors everywhere",
    "tokens: plain",
    exampleConnector({ readError: () => ({ error: "invalid_grant" }) }),
  ],
  [
    "readError calls a dead grant a wrong client",
    "emulated: a dead refresh token",
    exampleConnector({ readError: ({ status }) => (status >= 400 ? { error: "invalid_client" } : undefined) }),
  ],
  [
    "one id for all",
    "emulated: each account",
    exampleConnector({
      identify: { request: () => ({ url: "me", authentication: "bearer" }), read: () => ({ id: "me" }) },
    }),
  ],
  [
    "identity elsewhere",
    "R41 the identity",
    exampleConnector({
      identify: {
        request: () => ({ url: "https://evil.example/me", authentication: "bearer" }),
        read: () => undefined,
      },
    }),
  ],
  [
    "token in a URL",
    "R44",
    exampleConnector({
      revoke: { requests: ({ accessToken }) => [{ url: `revoke?token=${accessToken}`, authentication: "bearer" }] },
    }),
  ],
  [
    "readTokens loses the ID token",
    "emulated: R37 R51 a keeper",
    exampleConnector({
      issuer: "https://login.example.com",
      scopes: ["openid"],
      readTokens: ({ id_token: _, ...tokens }) => ({ default: tokens }),
    }),
  ],
  ["revocation of nothing", "emulated: R51", exampleConnector({ revoke: { requests: () => [] } })],
  [
    "revocation never done",
    "emulated: R51",
    exampleConnector({ revoke: { requests: () => [{ url: "me", authentication: "bearer" }], revoked: () => false } }),
  ],
])("the suite notices a connector: %s, by the test %s", async ([, expected, connector]) => {
  const own = connector.params["subdomain"] ? tenantFixtures : fixtures;
  const failures = await failuresOf((register) => connectorContract(register, connector, own));
  expect(failures.filter((name) => name.startsWith(expected))).not.toEqual([]);
});
