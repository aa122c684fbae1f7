import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isGrantkeeperError } from "../errors.ts";
import { exampleConnector } from "../test/connector.ts";
import { errorOf } from "../test/errors.ts";
import { expectNoPollution, foreignJson, foreignObject, foreignText, nested } from "../test/foreign.ts";
import { transportOf } from "../test/transport.ts";
import { createTokenEndpoint, type TokenEndpoint } from "./token-endpoint.ts";

const issuer = "https://login.example.com";
const connector = exampleConnector({ issuer, authorizationEndpoint: undefined, tokenEndpoint: undefined });
const names = ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"];
const complete = { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` };

function publishing(body: string, status = 200): TokenEndpoint {
  const fetch = async (): Promise<Response> =>
    new Response(body, { status, headers: { "content-type": "application/json" } });
  return createTokenEndpoint({ transport: transportOf(fetch), now: () => 0 });
}

describe("discovery", () => {
  test("R22 R57 takes metadata of the issuer or refuses with a code, whatever is published", async () => {
    const outcomes = new Set<string>();
    const body = fc.oneof(
      foreignText,
      foreignJson(...names).map((value) => JSON.stringify(value)),
      fc
        .tuple(foreignObject(...names), fc.boolean())
        .map(([foreign, isLast]) =>
          JSON.stringify(isLast ? { ...complete, ...foreign, issuer } : { ...foreign, ...complete }),
        ),
      fc
        .constantFrom(`${issuer}/`, issuer.toUpperCase(), `${issuer}:443`)
        .map((other) => JSON.stringify({ ...complete, issuer: other })),
    );
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(200, 200, 200, 404, 500), async (text, status) => {
        try {
          const server = await publishing(text, status).server(connector, {});
          expect(JSON.parse(text)).toMatchObject({ issuer });
          expect(new URL(server.tokenEndpoint).protocol).toBe("https:");
          expectNoPollution(server);
          outcomes.add("taken");
        } catch (error) {
          if (!isGrantkeeperError(error)) throw error;
          outcomes.add(error.code);
        }
        expectNoPollution();
      }),
      { numRuns: 300 },
    );
    expect(outcomes).toContain("taken");
    expect(outcomes).toContain("invalid_response");
    expect(outcomes).toContain("provider_unavailable");
    const codes = ["taken", "invalid_config", "invalid_response", "provider_unavailable"];
    expect([...outcomes].filter((outcome) => !codes.includes(outcome))).toEqual([]);
  });

  test("R57 takes metadata beside what lies 100,000 levels deep", async () => {
    const body = `{"deep":${nested(100_000)},${JSON.stringify(complete).slice(1)}`;
    expect((await publishing(body).server(connector, {})).tokenEndpoint).toBe(`${issuer}/token`);
  });

  test("R57 refuses an issuer and endpoints that lie 100,000 levels deep", async () => {
    for (const name of ["issuer", "token_endpoint", "jwks_uri"]) {
      const body = `${JSON.stringify(complete).slice(0, -1)},"${name}":${nested(100_000, "1", ['{"a":', "}"])}}`;
      expect((await errorOf(() => publishing(body).server(connector, {}))).code).toBe("invalid_response");
    }
  });
});
