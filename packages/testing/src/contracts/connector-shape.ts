import assert from "node:assert/strict";
import type { Connector, ProviderRequest } from "@grantkeeper/core/connector";
import type { ConnectorFixtures } from "./connector-fixtures.ts";
import type { TestFunction } from "./test-function.ts";

const hostileParams = [
  "",
  "evil.com/",
  "evil.com/.",
  "evil.com#",
  "evil.com?",
  "evil.com\\",
  "evil.com:80",
  "a@b",
  "a\n",
  "\na",
  "a\nb",
  "a\r\nb",
  "a\0",
  "a b",
  "a%2fb",
  "../a",
  "аpple",
];

/** Tests a connector's fields, without a request. */
export function testShape(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  test("a connector is frozen", () => {
    assert.ok(Object.isFrozen(connector));
  });

  test("a connector has an id for routes and a name for people", () => {
    assert.match(connector.id, /^[a-z0-9]+(-[a-z0-9]+)*$/);
    assert.notEqual(connector.name.trim(), "");
    assert.notEqual(connector.clientId, "");
  });

  test("R23 every endpoint is an https URL", () => {
    for (const url of endpointsOf(connector)) checkUrl(connector, url);
    if (connector.issuer !== undefined) {
      checkUrl(connector, connector.issuer);
      assert.ok(!/[?#]/.test(connector.issuer), "an issuer has no query and no fragment (RFC 8414, section 2)");
    }
    if (!hasConsent(connector)) return;
    const both = (connector.authorizationEndpoint === undefined) === (connector.tokenEndpoint === undefined);
    assert.ok(both, "both endpoints are given, or both are discovered");
    assert.ok(connector.tokenEndpoint ?? connector.issuer, "without endpoints there is an issuer to ask");
  });

  test("R2 PKCE is S256, or the provider's refusal has a source", () => {
    if (connector.pkce !== "S256") assert.equal(new URL(connector.pkce.refused).protocol, "https:");
  });

  test("R31 the client authenticates by one known method", () => {
    const { clientAuthentication: own } = connector;
    const methods = ["none", "client_secret_post", "client_secret_basic", "client_secret_jwt", "private_key_jwt"];
    assert.ok(methods.includes(own.method));
    if (own.method === "client_secret_basic") assert.ok(["rfc6749", "raw"].includes(own.encoding));
    if ("secret" in own) assert.notEqual(own.secret.reveal(), "");
    if ("audience" in own) assert.ok(own.audience ?? connector.issuer, "an assertion has an audience");
    assert.ok([undefined, "form", "json"].includes(connector.bodyFormat));
  });

  test("R41 access tokens go to exact origins, the API's own among them", () => {
    assert.ok(connector.apiOrigins.length > 0);
    const params = fixtures.params ?? {};
    for (const origin of connector.apiOrigins) {
      const filled = fill(origin, params);
      assert.equal(new URL(filled).origin, filled);
      checkUrl(connector, origin);
    }
    checkUrl(connector, connector.apiBaseUrl);
    const origins = connector.apiOrigins.map((origin) => fill(origin, params));
    assert.ok(origins.includes(new URL(fill(connector.apiBaseUrl, params)).origin));
  });

  test("R25 params are matched whole, and refuse what could change a host", () => {
    const names = Object.keys(connector.params);
    for (const name of names) {
      const pattern = connector.params[name];
      checkPattern(name, pattern);
      for (const value of hostileParams) assert.ok(!pattern.test(value), `${name} refuses ${JSON.stringify(value)}`);
      assert.ok(pattern.test(fixtures.params?.[name] ?? ""), `the fixtures give a value for ${name}`);
    }
    for (const url of [...endpointsOf(connector), connector.apiBaseUrl, ...connector.apiOrigins]) {
      for (const [, name] of url.matchAll(/\{([^{}]*)\}/g)) assert.ok(names.includes(name ?? ""), `${name} is a param`);
    }
  });

  test("rotation and lifetimes are valid", () => {
    const { rotation, accessTokenLifetime, refreshTokenLifetime } = connector;
    assert.ok(["none", "strict", "untilUsed", "grace"].includes(rotation.kind));
    if (rotation.kind === "grace") assert.ok(rotation.windowSeconds > 0);
    for (const seconds of [accessTokenLifetime, refreshTokenLifetime]) {
      assert.ok(seconds === undefined || (Number.isInteger(seconds) && seconds > 0));
    }
    assert.ok(["token", "grant"].includes(connector.revocationScope));
  });

  test("scopes are whole: none is empty, repeated or holds the separator", () => {
    const sets = [connector.scopes, ...Object.values(connector.tokenSets).map((set) => set?.scopes ?? [])];
    for (const scopes of sets) {
      assert.equal(new Set(scopes).size, scopes.length);
      for (const scope of scopes)
        assert.ok(scope !== "" && !/\s/.test(scope) && !scope.includes(connector.scopeSeparator));
    }
    assert.ok(!Object.hasOwn(connector.tokenSets, "default"), "`default` is there without being named");
  });

  test("facts have a page and a date", () => {
    assert.equal(new URL(connector.docs).protocol, "https:");
    assert.match(connector.checkedOn, /^\d{4}-\d{2}-\d{2}$/);
    const checked = Date.parse(`${connector.checkedOn}T00:00:00Z`);
    assert.equal(new Date(checked).toISOString().slice(0, 10), connector.checkedOn);
  });

  test("R44 revocation requests go to the connector's own origins, with no token in the URL", () => {
    for (const tokenSet of ["default", ...Object.keys(connector.tokenSets)]) {
      for (const refreshToken of ["marked-refresh-token", undefined]) {
        const input = { tokenSet, accessToken: "marked-access-token", refreshToken, clientId: connector.clientId };
        const requests = connector.revoke?.requests(input) ?? [];
        for (const request of requests) checkRequest(connector, fixtures, request);
      }
    }
  });

  test("R41 the identity request goes to the connector's own origins", () => {
    const request = connector.identify?.request?.({ tokenSets: ["default", ...Object.keys(connector.tokenSets)] });
    if (request) checkRequest(connector, fixtures, request);
  });
}

/** Whether users consent in a browser: a connector with `credentials` and no authorization endpoint has another way. */
export function hasConsent({ credentials, authorizationEndpoint }: Connector): boolean {
  return credentials === undefined || authorizationEndpoint !== undefined;
}

function endpointsOf(connector: Connector): readonly string[] {
  return [
    connector.authorizationEndpoint,
    connector.tokenEndpoint,
    connector.refreshEndpoint,
    connector.revocationEndpoint,
    connector.deviceAuthorizationEndpoint,
    connector.introspectionEndpoint,
    connector.pushedAuthorizationRequestEndpoint,
    connector.userinfoEndpoint,
    connector.jwksUri,
  ].filter((url) => url !== undefined);
}

function checkUrl(connector: Connector, template: string): void {
  const text = template.replace(/\{[a-zA-Z0-9_]+\}/g, "x");
  const url = new URL(text);
  assert.ok(
    url.protocol === "https:" || (connector.loopback === true && url.hostname === "127.0.0.1"),
    `${template} is https`,
  );
  assert.equal(url.username + url.password + url.hash, "", `${template} has no credentials and no fragment`);
  assert.ok(!/[\s{}\\]/.test(text), `${template} has no stray character`);
  assert.ok(url.href === text || url.href === `${text}/`, `${template} is written as it is sent`);
}

/** Tests that a described request goes to the connector's own origins, in a shape that the core can send. */
export function checkRequest(connector: Connector, fixtures: ConnectorFixtures, request: ProviderRequest): void {
  const params = fixtures.params ?? {};
  const base = fill(connector.apiBaseUrl, params);
  const url = new URL(fill(request.url, params), base.endsWith("/") ? base : `${base}/`);
  const origins = [...connector.apiOrigins, ...endpointsOf(connector)].map(
    (known) => new URL(fill(known, params)).origin,
  );
  assert.ok(origins.includes(url.origin), `${url.origin} is one of the connector's origins`);
  assert.ok(!url.href.includes("marked-"), "no token stands in the URL");
  const { authentication } = request;
  const known = typeof authentication === "string" ? ["bearer", "client"] : ["rfc6749", "raw"];
  assert.ok(known.includes(typeof authentication === "string" ? authentication : authentication.basic));
  assert.ok([undefined, "GET", "POST", "PUT", "PATCH", "DELETE"].includes(request.method));
  assert.ok(request.form === undefined || request.json === undefined, "a request has one body");
  const named = Object.keys(request.headers ?? {}).map((name) => name.toLowerCase());
  assert.ok(!named.includes("authorization"), "the core sets Authorization");
}

/** Fills the places of a URL template. */
export function fill(template: string, params: Readonly<Record<string, string>>): string {
  return template.replace(/\{([^{}]+)\}/g, (place, name: string) => params[name] ?? place);
}

/** Tests that a pattern matches whole values alone, and each value the same way every time. */
export function checkPattern(name: string, pattern: unknown): asserts pattern is RegExp {
  assert.ok(pattern instanceof RegExp);
  assert.ok(pattern.source.startsWith("^") && pattern.source.endsWith("$"), `${name} is anchored`);
  assert.ok(!/\|/.test(withoutGroups(pattern.source)), `${name} is anchored in each alternative`);
  assert.equal(pattern.flags.replace(/[uvi]/g, ""), "", `${name} has no flag that keeps state or splits lines`);
}

/** A pattern without its character classes and its groups, so that what is left is at the top. */
function withoutGroups(source: string): string {
  let flat = source.replace(/\\./g, "").replace(/\[[^\]]*\]/g, "");
  for (let before = ""; before !== flat; ) {
    before = flat;
    flat = flat.replace(/\([^()]*\)/g, "");
  }
  return flat;
}
