import assert from "node:assert/strict";
import type { Connector, CredentialRequest } from "@grantkeeper/core/connector";
import type { ConnectorFixtures, GivenCredentials } from "./connector-fixtures.ts";
import { checkPattern, checkRequest } from "./connector-shape.ts";
import type { TestFunction } from "./test-function.ts";

const longestAssertion = 3600;
const foreign = [
  "https://evil.example",
  "{}",
  '{"token_uri":"https://evil.example"}',
  "..",
  "//evil.example/",
  "\u0000",
];

/** Tests what a connector makes of credentials, without a request. */
export function testCredentialShape(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  test("R25 credentials are matched whole, and the fixtures have some that fit", () => {
    const { fields = {} } = connector.credentials ?? {};
    const given = acceptedOf(fixtures).credentials;
    assert.deepEqual(Object.keys(given).sort(), Object.keys(fields).sort());
    for (const [name, pattern] of Object.entries<unknown>(fields)) {
      checkPattern(name, pattern);
      assert.equal(pattern.exec(given[name] ?? "")?.[0], given[name], `${name} of the fixtures fits`);
    }
  });

  test("R41 what is asked for with credentials goes to the connector's own origins, with none of them in the URL", () => {
    const { credentials } = acceptedOf(fixtures);
    const request = requestOf(connector, fixtures, credentials);
    if (request === undefined) return;
    check(connector, fixtures, request, credentials);
    if ("grantType" in request) {
      assert.ok(connector.tokenEndpoint ?? connector.issuer, "there is a token endpoint, or an issuer to ask for it");
    }
    const assertion = "request" in request ? request.bearer : request.assertion;
    if (assertion === undefined) return;
    const { claims, lifetime = 60 } = assertion;
    assert.ok(Number.isInteger(lifetime) && lifetime > 0 && lifetime <= longestAssertion);
    assert.ok(!("exp" in claims) && !("iat" in claims), "the core adds the times");
  });

  test("R24 no credential leads a request elsewhere", () => {
    const { credentials } = acceptedOf(fixtures);
    for (const name of Object.keys(credentials)) {
      for (const value of foreign) {
        const changed = { ...credentials, [name]: value };
        const request = described(() => requestOf(connector, fixtures, changed));
        if (request !== undefined) check(connector, fixtures, request, {});
      }
    }
  });
}

/** The fixtures' credentials, without which a connector that takes some cannot be tested. */
export function acceptedOf({ credentials, params }: ConnectorFixtures): Required<GivenCredentials> {
  assert.ok(credentials, "the fixtures have credentials");
  return { params: params ?? {}, ...credentials.accepted };
}

function requestOf(
  { credentials: grant, scopes, clientId, tokenEndpoint, issuer, apiBaseUrl }: Connector,
  fixtures: ConnectorFixtures,
  credentials: Readonly<Record<string, string>>,
): CredentialRequest | undefined {
  if (grant === undefined || grant.kind === "static") return undefined;
  const { params } = acceptedOf(fixtures);
  return grant.request({
    credentials,
    params,
    scopes,
    clientId,
    tokenEndpoint: tokenEndpoint ?? issuer ?? apiBaseUrl,
  });
}

/** A hook may refuse by throwing: the core calls that an invalid request. */
function described(describe: () => CredentialRequest | undefined): CredentialRequest | undefined {
  try {
    return describe();
  } catch {
    return undefined;
  }
}

function check(
  connector: Connector,
  fixtures: ConnectorFixtures,
  request: CredentialRequest,
  credentials: Readonly<Record<string, string>>,
): void {
  if (!("request" in request)) return;
  checkRequest(connector, fixtures, { ...request.request, authentication: "bearer" });
  for (const value of Object.values(credentials)) {
    assert.ok(!request.request.url.includes(encodeURIComponent(value)), "no credential stands in the URL");
  }
}
