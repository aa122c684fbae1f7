import { generateKeyPairSync } from "node:crypto";
import {
  apiKey,
  type Connector,
  type CredentialGrant,
  clientCredentials,
  jwtBearer,
  noClientAuthentication,
  tokenExchange,
} from "@grantkeeper/core/connector";
import { expect, test } from "vitest";
import { exampleConnector } from "../provider/example-connector.ts";
import { failuresOf } from "./collect-tests.ts";
import { connectorContract } from "./connector.ts";
import type { ConnectorFixtures, CredentialFixtures } from "./connector-fixtures.ts";

const { privateKey, publicKey } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const anyEmail = /^[^\s@]{1,64}@[a-z.]{1,190}$/;
const assertion = jwtBearer({ email: anyEmail }, ({ credentials: { email }, clientId, tokenEndpoint }) => ({
  key: { privateKey, algorithm: "ES256" },
  claims: { iss: clientId, sub: email, aud: tokenEndpoint },
}));

const keyFixtures: CredentialFixtures = {
  accepted: { credentials: { apiKey: "key-of-octo-12345" } },
  ofAnotherAccount: { credentials: { apiKey: "key-of-sam-123456" } },
  refused: { credentials: { apiKey: "key-of-nobody-123" } },
  provider: {
    apiKeys: [
      { key: "key-of-octo-12345", accountId: "1001" },
      { key: "key-of-sam-123456", accountId: "1002" },
    ],
  },
};
const emailOf = (name: string) => ({ credentials: { email: `${name}@example.com` } });
const assertionFixtures: CredentialFixtures = {
  accepted: emailOf("octo"),
  ofAnotherAccount: emailOf("sam"),
  refused: emailOf("nobody"),
  provider: { grants: { jwtBearer: { issuers: { "client-1": publicKey }, audience: "tokenEndpoint" } } },
};
const subjectTokenType = "urn:ietf:params:oauth:token-type:jwt";
const sessionFixtures: CredentialFixtures = {
  accepted: { credentials: { subjectToken: "session-token-of-octo" } },
  refused: { credentials: { subjectToken: "session-token-of-nobody" } },
  provider: {
    grants: {
      tokenExchange: {
        subjectTokens: [{ token: "session-token-of-octo", type: subjectTokenType, accountId: "1001" }],
      },
    },
  },
};
const clientFixtures: CredentialFixtures = {
  accepted: { credentials: {} },
  provider: { grants: { clientCredentials: {} } },
};

const withKey = exampleOf(apiKey(), { tokenEndpoint: undefined, revocationEndpoint: undefined });
const withAssertion = exampleOf(assertion, { clientAuthentication: noClientAuthentication });
connectorContract(test, withKey, fixturesOf(keyFixtures));
connectorContract(test, withAssertion, fixturesOf(assertionFixtures));
connectorContract(test, exampleOf(tokenExchange({ subjectTokenType })), fixturesOf(sessionFixtures));
connectorContract(
  test,
  exampleOf(clientCredentials(), { userinfoEndpoint: undefined, emulation }),
  fixturesOf(clientFixtures),
);

test("a connector with both ways to a connection walks both", async () => {
  const names: string[] = [];
  const both = exampleOf(assertion, { authorizationEndpoint: "https://login.example.com/authorize" });
  connectorContract((name) => names.push(name), both, fixturesOf(assertionFixtures));
  expect(names.filter((name) => name.includes("a keeper connects"))).toHaveLength(2);
});

const { request, ...rest } = assertion as Extract<CredentialGrant<"email">, { readonly kind: "kept" | "once" }>;
const requestOf = (change: object): CredentialGrant<"email"> => ({
  ...rest,
  request: (input) => ({ ...request(input), ...change }),
});
test.for<[flaw: string, test: string, connector: Connector, own: CredentialFixtures]>([
  ["pattern without anchors", "R25 credentials", exampleOf(apiKey({ pattern: /key-.*/ })), keyFixtures],
  ["pattern that keeps state", "R25 credentials", exampleOf(apiKey({ pattern: /^key-.*$/g })), keyFixtures],
  ["pattern that its fixtures do not fit", "R25 credentials", exampleOf(apiKey({ pattern: /^k$/ })), keyFixtures],
  ["no token endpoint", "R41 what is asked", exampleOf(assertion, { tokenEndpoint: undefined }), assertionFixtures],
  [
    "an assertion for a day",
    "R41 what is asked",
    exampleOf(
      jwtBearer({ email: anyEmail }, () => ({ key: { privateKey, algorithm: "ES256" }, claims: {}, lifetime: 86_400 })),
    ),
    assertionFixtures,
  ],
  [
    "a request elsewhere",
    "R41 what is asked",
    exampleOf(requestOf({ request: { url: "https://evil.example/token" }, bearer: { key: {}, claims: {} } })),
    assertionFixtures,
  ],
  [
    "a credential in the URL",
    "R41 what is asked",
    exampleOf({
      ...rest,
      request: ({ credentials: { email } }) => ({
        request: { url: `tokens/${encodeURIComponent(email)}` },
        bearer: { key: { privateKey, algorithm: "ES256" }, claims: {} },
      }),
    }),
    assertionFixtures,
  ],
  [
    "a credential that says where to ask",
    "R24 no credential",
    exampleOf({
      fields: { address: /^.{1,100}$/ },
      kind: "kept",
      request: ({ credentials: { address } }) => ({
        request: { url: address },
        bearer: { key: { privateKey, algorithm: "ES256" }, claims: {} },
      }),
    }),
    { accepted: { credentials: { address: "tokens" } }, provider: {} },
  ],
  [
    "one account for all",
    "emulated: each account",
    exampleOf(assertion, { identify: { read: () => ({ id: "me" }) } }),
    assertionFixtures,
  ],
  [
    "revocation never done",
    "emulated: R51 a keeper",
    exampleOf(assertion, {
      revoke: { requests: () => [{ url: "me", authentication: "bearer" }], revoked: () => false },
    }),
    assertionFixtures,
  ],
  [
    "a refusal that is an outage",
    "emulated: R54",
    exampleOf(assertion, { readError: ({ status }) => (status >= 400 ? { error: "server_error" } : undefined) }),
    assertionFixtures,
  ],
  [
    "kept and not to be had again",
    "emulated: a token that the provider has ended",
    exampleOf(requestOf({ assertion: { key: { privateKey, algorithm: "ES256" }, claims: claimsWithId() } }), {
      emulation,
    }),
    assertionFixtures,
  ],
  ["fixtures without credentials", "R25 credentials", withAssertion, undefined as never],
])("the suite notices a connector: %s, by the test %s", async ([, expected, connector, own]) => {
  const failures = await failuresOf((register) => connectorContract(register, connector, fixturesOf(own)));
  expect(failures.filter((name) => name.startsWith(expected))).not.toEqual([]);
});

function claimsWithId() {
  const aud = "https://login.example.com/token";
  return { iss: "client-1", sub: "octo@example.com", aud, jti: "the same every time" };
}

async function emulation() {
  const handle = ({ token }: { readonly token: object | undefined }) => ({ status: token ? 200 : 401, json: {} });
  const routes = [{ method: "GET", url: "https://api.example.com/v1/things", handle }];
  return { accounts: [], routes, exampleCall: { path: "things" } };
}

function exampleOf<Field extends string>(
  credentials: CredentialGrant<Field>,
  change: Partial<Connector<never, never, Field>> = {},
): Connector {
  const { authorizationEndpoint: _, ...example } = exampleConnector();
  return Object.freeze({ ...example, tokenSets: {}, credentials, ...change }) as unknown as Connector;
}

function fixturesOf(credentials: CredentialFixtures): ConnectorFixtures {
  return { tokenResponses: [], errors: [], identities: [], ...(credentials && { credentials }) };
}
