import assert from "node:assert/strict";
import type { Account, Connector, Json, JsonObject, OAuthError, ProviderResponse } from "@grantkeeper/core/connector";
import type { ProviderOptions } from "../provider/options.ts";
import type { TestFunction } from "./test-function.ts";

export interface ExpectedTokenSet {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly expiresInSeconds?: number;
  /** As `expires_at` has it: Unix seconds, or a date of RFC 3339. */
  readonly expiresAt?: number | string;
  /** In any order. */
  readonly scopes?: readonly string[];
}

/** What `keeper.connect` is given. `params` left out: those of the fixtures. */
export interface GivenCredentials {
  readonly credentials: Readonly<Record<string, string>>;
  readonly params?: Readonly<Record<string, string>>;
}

/** With what a connector that has `credentials` is tried against its emulation. */
export interface CredentialFixtures {
  readonly accepted: GivenCredentials;
  readonly ofAnotherAccount?: GivenCredentials;
  /** Well-formed, and not accepted by the provider. */
  readonly refused?: GivenCredentials;
  /** How the emulator knows which ones to accept. */
  readonly provider: Pick<ProviderOptions, "grants" | "apiKeys" | "basicCredentials">;
}

/** A provider's documented answers. `source` is the page that each comes from. */
export interface ConnectorFixtures {
  /** A value for each param of the connector. */
  readonly params?: Readonly<Record<string, string>>;
  /** Needed where the connector has `credentials`. */
  readonly credentials?: CredentialFixtures;
  readonly tokenResponses: readonly {
    readonly name: string;
    readonly source: string;
    readonly body: JsonObject;
    /** By token set. */
    readonly expected: Readonly<Record<string, ExpectedTokenSet>>;
  }[];
  readonly errors: readonly {
    readonly name: string;
    readonly source: string;
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: Json;
    /** The code of RFC 6749, section 5.2. */
    readonly expected: string;
  }[];
  readonly identities: readonly {
    readonly name: string;
    readonly source: string;
    readonly tokenResponse: JsonObject;
    /** Left out where the connector sends no identity request. */
    readonly response?: Json | undefined;
    readonly idTokenClaims?: JsonObject | undefined;
    readonly credentials?: Readonly<Record<string, string>>;
    /** `undefined` where the answer names no account. */
    readonly expected: Account | undefined;
  }[];
  readonly revocations?: readonly {
    readonly name: string;
    readonly source: string;
    readonly status: number;
    readonly body: Json;
    readonly revoked: boolean;
  }[];
}

/** Tests that a connector reads its provider's documented answers. */
export function testFixtures(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  const { tokenResponses, errors, identities, revocations = [] } = fixtures;

  for (const { name, source, body, expected } of tokenResponses) {
    test(`tokens: ${name}`, () => {
      checkSource(source);
      assert.equal(readError(connector, answer(200, body)), undefined, "a token response is no error");
      const sets = readTokens(connector, body);
      assert.deepEqual(Object.keys(sets).sort(), Object.keys(expected).sort());
      for (const [set, wanted] of Object.entries(expected))
        assert.deepEqual(summary(sets[set], wanted), ordered(wanted));
    });
  }
  for (const { name, source, status, headers, body, expected } of errors) {
    test(`${status < 300 ? "R36 an error under HTTP 200 is an error" : "error"}: ${name}`, () => {
      checkSource(source);
      assert.equal(readError(connector, answer(status, body, headers))?.error, expected);
    });
  }
  for (const { name, source, expected, ...input } of identities) {
    test(`identity: ${name}`, () => {
      checkSource(source);
      const { response, tokenResponse, idTokenClaims, credentials = {} } = input;
      const params = fixtures.params ?? {};
      const account = readAccount(connector, { response, tokenResponse, idTokenClaims, params, credentials });
      assert.deepEqual(account, expected);
    });
  }
  for (const { name, source, status, body, revoked } of revocations) {
    test(`R51 revocation: ${name}`, () => {
      checkSource(source);
      assert.equal(readRevoked(connector, answer(status, body)), revoked);
    });
  }
}

/** The token sets of a response; without a hook the body is the set `default`. */
export function readTokens(connector: Connector, body: JsonObject): Readonly<Record<string, JsonObject>> {
  return connector.readTokens ? connector.readTokens(body) : { default: body };
}

/** The error of an answer; without a hook, or where it sees none, the one of RFC 6749, section 5.2. */
export function readError(connector: Connector, response: ProviderResponse): OAuthError | undefined {
  const read = connector.readError?.(response);
  if (read) return read;
  const { body } = response;
  return isObject(body) && typeof body["error"] === "string" && body["access_token"] === undefined
    ? { error: body["error"] }
    : undefined;
}

/** The account of an answer; without a hook the `sub` of the ID token or of userinfo. */
export function readAccount(
  connector: Connector,
  input: {
    readonly response: Json | undefined;
    readonly tokenResponse: JsonObject;
    readonly idTokenClaims: JsonObject | undefined;
    readonly params: Readonly<Record<string, string>>;
    readonly credentials: Readonly<Record<string, string>>;
  },
): Account | undefined {
  if (connector.identify) {
    return connector.identify.read({
      ...input,
      tokenSets: Object.keys(readTokens(connector, input.tokenResponse)),
    });
  }
  const claims: JsonObject = { ...input.idTokenClaims, ...(isObject(input.response) ? input.response : {}) };
  const { sub, name, email, picture } = claims;
  if (typeof sub !== "string") return undefined;
  return {
    id: sub,
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof email === "string" ? { email } : {}),
    ...(typeof picture === "string" ? { avatarUrl: picture } : {}),
  };
}

/** Whether an answer to a revocation request says that the token is dead. */
export function readRevoked(connector: Connector, response: ProviderResponse): boolean {
  return connector.revoke?.revoked ? connector.revoke.revoked(response) : response.status < 300;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An answer as the core would hand it to a hook. */
export function answer(
  status: number,
  body: Json | undefined,
  headers: Readonly<Record<string, string>> = {},
): ProviderResponse {
  return { status, headers: new Headers(headers), body: status === 204 ? undefined : body };
}

/** The scopes that a token set in the shape of RFC 6749, section 5.1 names, whatever separates them. */
export function scopesOf(set: JsonObject | undefined): readonly string[] {
  const scope = set?.["scope"];
  if (Array.isArray(scope)) return scope.map(String);
  return typeof scope === "string" ? scope.split(/[ ,]+/).filter(Boolean) : [];
}

function summary(set: JsonObject | undefined, wanted: ExpectedTokenSet): Record<string, unknown> {
  assert.ok(isObject(set), "the token set is an object");
  return {
    accessToken: set["access_token"],
    refreshToken: set["refresh_token"] ?? undefined,
    expiresInSeconds: set["expires_in"] == null ? undefined : Number(set["expires_in"]),
    expiresAt: set["expires_at"] ?? undefined,
    scopes: wanted.scopes === undefined ? undefined : [...scopesOf(set)].sort(),
  };
}

function ordered({ scopes, ...wanted }: ExpectedTokenSet): Record<string, unknown> {
  const { accessToken, refreshToken, expiresInSeconds, expiresAt } = wanted;
  return { accessToken, refreshToken, expiresInSeconds, expiresAt, scopes: scopes && [...scopes].sort() };
}

function checkSource(source: string): void {
  assert.match(source, /^https:\/\/[^\s/]+\.[^\s/]+\/?/, "a fixture names the page that it comes from");
}
