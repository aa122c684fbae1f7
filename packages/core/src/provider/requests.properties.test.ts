import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../connector/json.ts";
import type { Account, Connector } from "../connector/types.ts";
import { type GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import { secretOf } from "../secret.ts";
import { exampleConnector } from "../test/connector.ts";
import { expectNoPollution, foreignJson, foreignObject, nested } from "../test/foreign.ts";
import { transportOf } from "../test/transport.ts";
import { createProviderRequests, type ProviderRequests } from "./requests.ts";
import { serverOf } from "./server.ts";
import { isObject } from "./token-response.ts";

const claims = ["sub", "name", "preferred_username", "email", "picture", "error"];
const status = fc.oneof({ arbitrary: fc.constant(200), weight: 5 }, fc.integer({ min: 200, max: 599 }));
const connector = exampleConnector({
  userinfoEndpoint: "https://login.example.com/me",
  revocationEndpoint: "https://login.example.com/revoke",
});
const server = serverOf(connector, {});
const tokenSets = { default: { accessToken: secretOf("s3cr3t-access"), refreshToken: secretOf("s3cr3t-refresh") } };

function answering(code: number, body: string): ProviderRequests {
  const empty = [204, 205, 304].includes(code);
  const fetch = async (): Promise<Response> => new Response(empty ? null : body, { status: code });
  return createProviderRequests({ transport: transportOf(fetch), now: () => 0 });
}

async function identified(
  requests: ProviderRequests,
  idTokenClaims: JsonObject | undefined,
  change: Partial<Connector> = {},
): Promise<Account | GrantkeeperError | undefined> {
  const facts = { tokenResponse: {}, idTokenClaims, params: {}, credentials: undefined, tokenSets };
  return requests.identify({ ...connector, ...change }, server, facts).catch((error: unknown) => {
    if (isGrantkeeperError(error)) return error;
    throw error;
  });
}

describe("identify", () => {
  test("R39 R57 gives the account that the answer names, or an error with a code", async () => {
    const outcomes = new Set<string>();
    const subject = fc.record({ sub: fc.constantFrom("1", "2", "", "\ud800") }, { requiredKeys: [] });
    const body = fc.tuple(foreignJson(...claims), foreignObject(...claims), subject, fc.nat(3));
    const idToken = fc.option(
      fc.tuple(foreignObject(...claims), subject).map(([foreign, likely]) => ({ ...foreign, ...likely })),
      { nil: undefined },
    );
    await fc.assert(
      fc.asyncProperty(status, body, idToken, async (code, [any, object, likely, choice], idTokenClaims) => {
        const answer = choice === 0 ? any : { ...object, ...likely };
        const account = await identified(answering(code, JSON.stringify(answer)), idTokenClaims);
        if (isGrantkeeperError(account)) {
          expect(["invalid_response", "provider_unavailable"]).toContain(account.code);
          expect(`${account.message} ${account.stack}`).not.toContain("s3cr3t");
          outcomes.add(account.code);
          return;
        }
        expectNoPollution(account);
        // Where userinfo gave no object, it is the ID token that names the account.
        expect(account?.id).toBe((isObject(answer) ? answer : idTokenClaims)?.["sub"]);
        if (idTokenClaims !== undefined && Object.hasOwn(idTokenClaims, "sub")) {
          expect(account?.id).toBe(idTokenClaims["sub"]);
        }
        for (const [name, value] of Object.entries(account ?? {})) {
          expect(["id", "name", "email", "avatarUrl"]).toContain(name);
          expect(typeof value === "string" && value !== "").toBe(true);
        }
        outcomes.add("account");
      }),
      { numRuns: 1_000 },
    );
    expect([...outcomes].sort()).toEqual(["account", "invalid_response", "provider_unavailable"]);
  });

  test.each<[string, unknown]>([
    ["no id", {}],
    ["an empty id", { id: "" }],
    ["a number", { id: 7 }],
    ["half a surrogate pair", { id: "\ud800" }],
    ["null", null],
  ])("R57 a connector's reader that gives %s has found no account", async (_, read) => {
    const identify = { request: () => ({ url: "me", authentication: "bearer" }) as const, read: () => read as Account };
    expect(await identified(answering(200, "{}"), undefined, { identify })).toMatchObject({ code: "invalid_response" });
  });

  test("R57 an answer of any depth names its account", async () => {
    const body = `{"deep":${nested(100_000)},"sub":"1","name":${nested(100_000, "1", ['{"a":', "}"])}}`;
    expect(await identified(answering(200, body), undefined)).toEqual({ id: "1" });
  });
});

describe("isAlive and revoke", () => {
  test("R57 say what any answer means, also where a connector's hook trips over it", async () => {
    const tripping = (): never => {
      throw new TypeError("The hook tripped.");
    };
    const hooks = fc.constantFrom<Partial<Connector>[]>(
      {},
      { rejectsToken: tripping },
      { revoke: { requests: () => [{ url: "revoke", authentication: "client" }], revoked: tripping } },
      { rejectsToken: ({ body }) => body as never },
    );
    await fc.assert(
      fc.asyncProperty(status, foreignJson(...claims), hooks, async (code, body, change) => {
        const requests = answering(code, JSON.stringify(body));
        const changed = { ...connector, ...change };
        expect([true, false, undefined]).toContain(
          await requests.isAlive(changed, server, "default", tokenSets.default),
        );
        expect(["revoked", "failed"]).toContain(await requests.revoke(changed, server, "default", tokenSets.default));
        expectNoPollution();
      }),
      { numRuns: 500 },
    );
  });
});
