import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expectNoPollution, foreignJson, foreignObject, nested } from "../test/foreign.ts";
import { githubConnector, googleConnector, slackConnector } from "../test/harness.ts";
import type { Json, JsonObject } from "./json.ts";
import type { ProviderResponse } from "./provider-request.ts";
import type { Connector } from "./types.ts";

const names = [
  ..."access_token refresh_token token_type scope expires_in error error_description ok authed_user".split(" "),
  ..."team enterprise is_enterprise_install id user user_id team_id enterprise_id name login email avatar_url sub".split(
    " ",
  ),
];
const body = fc.oneof(
  foreignJson(...names),
  foreignObject(...names),
  foreignObject(...names).map((object) => ({ ...object, ok: true })),
  foreignObject(...names).map((object) => ({ ...object, ok: false })),
);
const status = fc.integer({ min: 200, max: 599 });
const tokenSets = fc.constantFrom(["default"], ["user"], ["default", "user"], []);

function check(
  connector: Connector,
  response: ProviderResponse,
  tokenResponse: JsonObject,
  sets: readonly string[],
): void {
  const error = connector.readError?.(response);
  expect(["undefined", "string"]).toContain(typeof error?.error);
  expect(error === undefined || error.error !== "").toBe(true);
  expect(["undefined", "string"]).toContain(typeof error?.errorDescription);
  expect(["undefined", "boolean"]).toContain(typeof connector.rejectsToken?.(response));
  expect(["undefined", "boolean"]).toContain(typeof connector.revoke?.revoked?.(response));
  const read = connector.readTokens?.(tokenResponse);
  for (const set of Object.values(read ?? {})) expectNoPollution(set);
  const account = connector.identify?.read({
    response: response.body,
    tokenResponse,
    idTokenClaims: undefined,
    tokenSets: sets,
    params: {},
    credentials: {},
  });
  expect(account === undefined || (typeof account.id === "string" && account.id !== "")).toBe(true);
  for (const field of Object.values(account ?? {})) expect(["string", "undefined"]).toContain(typeof field);
  expectNoPollution(error, read, account);
}

describe.each<[string, Connector]>([
  ["github", githubConnector],
  ["google", googleConnector],
  ["slack", slackConnector],
])("the hooks of %s", (_, connector) => {
  test("R57 take any JSON without throwing, and give what their types say", () => {
    fc.assert(
      fc.property(status, body, foreignObject(...names), tokenSets, (code, answer, tokenResponse, sets) => {
        check(connector, { status: code, headers: new Headers(), body: answer }, tokenResponse, sets);
      }),
      { numRuns: 500 },
    );
  });

  test("R57 take what lies 100,000 levels deep under any name that they look for", () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"id":', "}"],
    ] as const) {
      const deep = JSON.parse(nested(100_000, "1", [open, close])) as Json;
      for (const name of names) {
        for (const ok of [true, false]) {
          const answer = { ok, [name]: deep };
          check(connector, { status: 200, headers: new Headers(), body: answer }, answer, ["default"]);
        }
      }
    }
  });
});
