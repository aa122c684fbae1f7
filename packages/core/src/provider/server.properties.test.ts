import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../connector/json.ts";
import { isGrantkeeperError } from "../errors.ts";
import { exampleConnector } from "../test/connector.ts";
import { errorOf } from "../test/errors.ts";
import { expectNoPollution, foreignJson, foreignObject, foreignText } from "../test/foreign.ts";
import { serverOf } from "./server.ts";

const endpoints = [
  "authorization_endpoint",
  "token_endpoint",
  "revocation_endpoint",
  "userinfo_endpoint",
  "jwks_uri",
] as const;
const discovering = exampleConnector({
  issuer: "https://login.example.com",
  authorizationEndpoint: undefined,
  tokenEndpoint: undefined,
});
const complete = { authorization_endpoint: "https://a.example/a", token_endpoint: "https://a.example/t" };
const url = fc.oneof(
  fc.webUrl({ validSchemes: ["https"] }),
  fc.webUrl({ validSchemes: ["http", "ftp"] }),
  foreignText.map((text) => `https://a.example/${text}`),
  foreignText,
  fc.constantFrom("https://user:password@a.example/", "javascript:alert(1)", "https://{x}.example/", null),
);
const metadata = fc
  .tuple(
    foreignObject(...endpoints),
    fc.record(
      Object.fromEntries([...endpoints, "authorization_response_iss_parameter_supported"].map((name) => [name, url])),
      { requiredKeys: [] },
    ),
    fc.boolean(),
  )
  .map(([foreign, likely, isComplete]): JsonObject => ({ ...(isComplete ? complete : {}), ...foreign, ...likely }));

describe("serverOf", () => {
  test("R23 R57 takes https URLs or refuses with a code of its own, whatever an issuer publishes", () => {
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(metadata, (published) => {
        try {
          const server = serverOf(discovering, {}, published);
          const {
            apiOrigins,
            issParameterSupported,
            requirePushedAuthorizationRequests,
            lacksS256,
            idTokenAlgorithms,
            ...urls
          } = server;
          for (const value of Object.values(urls)) {
            expect(typeof value).toBe("string");
            expect(new URL(value).protocol).toBe("https:");
          }
          expect(apiOrigins).toEqual(discovering.apiOrigins);
          expect(typeof issParameterSupported).toBe("boolean");
          expect(typeof requirePushedAuthorizationRequests).toBe("boolean");
          expect([true, undefined]).toContain(lacksS256);
          expect(idTokenAlgorithms === undefined || Array.isArray(idTokenAlgorithms)).toBe(true);
          expectNoPollution(server);
          outcomes.add("taken");
        } catch (error) {
          if (!isGrantkeeperError(error)) throw error;
          expect(["invalid_config", "invalid_response"]).toContain(error.code);
          outcomes.add(error.code);
        }
      }),
      { numRuns: 2_000 },
    );
    expect([...outcomes].sort()).toEqual(["invalid_config", "invalid_response", "taken"]);
  });

  test("R23 an endpoint that is no text is refused and not left out", async () => {
    const other = foreignJson().filter((value) => value !== null && typeof value !== "string");
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...endpoints), other, async (name, value) => {
        const error = await errorOf(() => serverOf(discovering, {}, { ...complete, [name]: value }));
        expect(error.code).toBe("invalid_response");
      }),
    );
  });
});
