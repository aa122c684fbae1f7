import assert from "node:assert/strict";
import type { Connector, Json, JsonObject } from "@grantkeeper/core/connector";
import { answer, type ConnectorFixtures, isObject } from "./connector-fixtures.ts";
import type { TestFunction } from "./test-function.ts";

const names = [
  ..."access_token refresh_token expires_in scope token_type error error_description ok authed_user id user team".split(
    " ",
  ),
  ..."account sub email name enterprise bot_id __proto__ constructor toString length data".split(" "),
];
const leaves: readonly Json[] = [null, true, false, 0, -5, 1e308, "", "x", "\u0000", "\ud800", "a".repeat(10_000)];

/** Tests that no answer makes a connector's hooks throw, pollute a prototype or invent a token. */
export function testHostility(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  test("R57 no answer makes a hook throw or changes a prototype", () => {
    checkHooks(connector, hostileValues());
  });

  test("R57 nor does a documented answer with something else in one place", () => {
    const { tokenResponses, errors, identities, revocations = [] } = fixtures;
    const documented = [
      ...[...tokenResponses, ...errors, ...revocations].map(({ body }) => body),
      ...identities.flatMap(({ response, tokenResponse }) => [response ?? null, tokenResponse]),
    ];
    for (const value of documented) checkHooks(connector, withOneChange(value));
    for (const { response, tokenResponse } of identities) {
      for (const changed of withOneChange(response ?? null)) checkAccount(connector, changed, tokenResponse);
      for (const changed of withOneChange(tokenResponse)) {
        if (isObject(changed)) checkAccount(connector, response, changed);
      }
    }
  });
}

function checkHooks(connector: Connector, values: Iterable<Json | undefined>): void {
  for (const value of values) {
    const headers = { "content-type": "text/html" };
    for (const status of [200, 400, 500]) {
      const error = connector.readError?.(answer(status, value, headers));
      assert.ok(error === undefined || typeof error.error === "string");
      assert.ok(["string", "undefined"].includes(typeof error?.errorDescription));
      assert.ok(["boolean", "undefined"].includes(typeof connector.rejectsToken?.(answer(status, value, headers))));
      assert.ok(["boolean", "undefined"].includes(typeof connector.revoke?.revoked?.(answer(status, value, headers))));
    }
    checkAccount(connector, value, {});
    if (isObject(value)) {
      checkAccount(connector, undefined, value);
      checkTokens(connector, value);
    }
  }
  assert.equal(Reflect.get({}, "polluted"), undefined);
}

function checkAccount(connector: Connector, response: Json | undefined, tokenResponse: JsonObject): void {
  for (const idTokenClaims of [undefined, tokenResponse]) {
    const account = connector.identify?.read({
      response,
      tokenResponse,
      idTokenClaims,
      tokenSets: ["default"],
      params: {},
      credentials: {},
    });
    if (account === undefined) continue;
    assert.ok(typeof account.id === "string" && account.id !== "", "an account has an id that is a string");
    for (const field of [account.name, account.email, account.avatarUrl]) {
      assert.ok(field === undefined || typeof field === "string");
    }
  }
}

function checkTokens(connector: Connector, body: JsonObject): void {
  const sets = connector.readTokens?.(body);
  if (sets === undefined) return;
  assert.ok(isObject(sets), "readTokens returns an object");
  const strings = new Set(stringsIn(body));
  for (const set of Object.values(sets)) {
    assert.ok(isObject(set), "a token set is an object");
    const token = set["access_token"];
    if (typeof token === "string") assert.ok(strings.has(token), "an access token is one that was sent");
  }
}

function stringsIn(value: Json): readonly string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

/** Values that a JSON parser can give, the same ones on every run. */
function* hostileValues(): Generator<Json | undefined> {
  yield undefined;
  yield* leaves;
  yield [];
  yield [[], {}];
  yield JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as Json;
  for (const name of names) {
    for (const leaf of leaves) {
      yield objectOf([[name, leaf]]);
      yield objectOf([[name, [leaf]]]);
      yield objectOf([[name, objectOf([[name, leaf]])]]);
    }
  }
  const random = randomNumbers(1);
  for (let count = 0; count < 500; count++) yield randomValue(random, 4);
}

/** The value with each of the leaves, an empty list and an empty object in the place of each part of it. */
function* withOneChange(value: Json): Generator<Json> {
  yield* leaves;
  yield [];
  yield {};
  if (Array.isArray(value)) {
    for (const [position, part] of value.entries()) {
      for (const changed of withOneChange(part)) yield value.with(position, changed);
    }
  } else if (isObject(value)) {
    for (const [name, part] of Object.entries(value)) {
      for (const changed of withOneChange(part)) yield { ...value, [name]: changed };
    }
  }
}

function randomValue(random: (below: number) => number, depth: number): Json {
  const kind = depth === 0 ? 0 : random(4);
  if (kind === 0) return leaves[random(leaves.length)] ?? null;
  const size = random(6);
  if (kind === 1) return Array.from({ length: size }, () => randomValue(random, depth - 1));
  return objectOf(
    Array.from({ length: size }, () => [names[random(names.length)] ?? "x", randomValue(random, depth - 1)]),
  );
}

// By JSON text, since only a parser makes `__proto__` a property of the object's own.
function objectOf(entries: readonly (readonly [string, Json])[]): Json {
  const text = entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",");
  return JSON.parse(`{${text}}`) as Json;
}

/** mulberry32: small, seeded, good enough to vary shapes. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
