import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Connector } from "../connector/types.ts";
import { isGrantkeeperError } from "../errors.ts";
import { exampleConnector } from "../test/connector.ts";
import { errorOf } from "../test/errors.ts";
import { json, startServer } from "../test/http-server.ts";
import { createProviderRequests, resolveUrl } from "./requests.ts";
import { serverOf } from "./server.ts";

const connector = exampleConnector();
const server = serverOf(connector, {});

describe("resolveUrl", () => {
  test.each([
    ["user", "https://api.example.com/v1/user"],
    ["/user", "https://api.example.com/v1/user"],
    ["//user", "https://api.example.com/v1/user"],
    ["///evil.com/user", "https://api.example.com/v1/evil.com/user"],
    ["user?a=1#b", "https://api.example.com/v1/user?a=1#b"],
    ["", "https://api.example.com/v1/"],
    ["../v2/user", "https://api.example.com/v2/user"],
    ["https://api.example.com/other", "https://api.example.com/other"],
    ["HTTPS://API.example.com:443/other", "https://api.example.com/other"],
    ["https://evil.com/user", "https://evil.com/user"],
  ])("reads %j as %s", (url, expected) => {
    expect(resolveUrl(server, url)).toBe(expected);
  });

  test.each(["https://api.example.com/v1", "https://api.example.com/v1/", "https://api.example.com/v1//"])(
    "reads a path below the base %s",
    (apiBaseUrl) => {
      expect(resolveUrl({ ...server, apiBaseUrl }, "user")).toBe("https://api.example.com/v1/user");
    },
  );

  test("R41 a plain path stays at the API's origin", () => {
    const character = fc.constantFrom("a", "/", ".", "..", "@", "?", "#", "%2f", "%5c", "&", "=", "-", "_", "~", "é");
    fc.assert(
      fc.property(fc.array(character), (characters) => {
        expect(new URL(resolveUrl(server, characters.join(""))).origin).toBe("https://api.example.com");
      }),
    );
  });

  test("gives a URL or a GrantkeeperError, whatever it is given", () => {
    const url = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string().map((text) => `https:${text}`),
      fc.string().map((text) => `\\\\${text}`),
    );
    fc.assert(
      fc.property(url, (text) => {
        try {
          expect(URL.canParse(resolveUrl(server, text))).toBe(true);
        } catch (error) {
          expect(isGrantkeeperError(error), `${text}: ${String(error)}`).toBe(true);
        }
      }),
      { numRuns: 1_000, examples: [["https://"], ["http:"], ["\\\\["]] },
    );
  });
});

describe("requests of a connector", () => {
  test.each([
    (origin: string) => `${origin}/me`,
    (origin: string) => `\\\\${new URL(origin).host}/me`,
    (origin: string) => ` ${origin}/me`,
    (origin: string) => `ht\ntp://${new URL(origin).host}/me`,
    (origin: string) => `http:\\\\${new URL(origin).host}\\me`,
  ])("R41 a token is not sent to a foreign origin: %s", async (urlOf) => {
    const own = await startServer((response) => json(response, { sub: "1" }));
    const foreign = await startServer((response) => json(response, { sub: "1" }));
    const local = localConnector(own.origin, {
      identify: {
        request: () => ({ url: urlOf(foreign.origin), authentication: "bearer" }),
        read: () => ({ id: "1" }),
      },
    });
    const error = await errorOf(() => identify(local));
    expect(error.code).toBe("invalid_config");
    expect([...foreign.requests, ...own.requests]).toEqual([]);
  });

  test("R41 the access token goes in the Authorization header alone", async () => {
    const own = await startServer((response) => json(response, { sub: "1" }));
    const local = localConnector(own.origin, { userinfoEndpoint: `${own.origin}/me` });
    expect(await identify(local)).toEqual({ id: "1" });
    expect(own.requests).toMatchObject([{ method: "GET", url: "/me", body: "" }]);
    expect(own.requests[0]?.headers.authorization).toBe("Bearer s3cr3t");
  });
});

function localConnector(origin: string, change: Partial<Connector>): Connector {
  return exampleConnector({
    loopback: true,
    tokenEndpoint: `${origin}/token`,
    apiBaseUrl: `${origin}/v1`,
    apiOrigins: [origin],
    ...change,
  });
}

function identify(local: Connector): Promise<unknown> {
  const requests = createProviderRequests({ fetch, now: () => 0, callTimeoutMs: 5_000 });
  return requests.identify(local, serverOf(local, {}), {
    tokenResponse: {},
    idTokenClaims: undefined,
    tokenSets: { default: { accessToken: "s3cr3t" } },
    params: {},
  });
}
