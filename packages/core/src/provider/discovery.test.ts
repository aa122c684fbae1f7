import { describe, expect, test } from "vitest";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { type Secret, secretOf } from "../secret.ts";
import { exampleConnector } from "../test/connector.ts";
import { codeOf, errorOf } from "../test/errors.ts";
import { json, startServer, type TestServer } from "../test/http-server.ts";
import { transportOf } from "../test/transport.ts";
import type { Fetch } from "./http.ts";
import { createTokenEndpoint, type TokenEndpoint } from "./token-endpoint.ts";

const now = Date.UTC(2026, 10, 23, 12);
const hourMs = 60 * 60 * 1000;

describe("discovery", () => {
  const path = "/.well-known/openid-configuration";

  test("R22 takes endpoints of metadata that name the very issuer", async () => {
    const provider = await startIssuer((origin) => origin);
    const server = await newEndpoint().server(provider.connector, {});
    expect(server).toMatchObject({
      issuer: provider.origin,
      tokenEndpoint: `${provider.origin}/token`,
      authorizationEndpoint: `${provider.origin}/authorize`,
    });
  });

  test.each<[string, (origin: string) => string]>([
    ["in capitals", (origin) => origin.replace("http://", "HTTP://")],
    ["with a trailing slash", (origin) => `${origin}/`],
    ["with a zero-padded port", (origin) => origin.replace(/:(\d+)$/, ":0$1")],
    ["of another host", () => "https://evil.example.com"],
    ["of a path below", (origin) => `${origin}/tenant`],
  ])("R22 refuses metadata of the issuer %s", async (_, change) => {
    const provider = await startIssuer(change);
    expect(await codeOf(() => newEndpoint().server(provider.connector, {}))).toBe("invalid_response");
  });

  test("R2 makes no authorization request to an issuer that has other methods of PKCE alone", async () => {
    const provider = await startIssuer((origin) => origin, { code_challenge_methods_supported: ["plain"] });
    const endpoint = newEndpoint();
    const server = await endpoint.server(provider.connector, {});
    const urlWith = (codeVerifier: Secret | undefined) =>
      endpoint.authorizationUrl(provider.connector, server, {
        ...{
          redirectUri: "https://app.example.com/callback",
          state: "s",
          nonce: undefined,
          hasRefreshToken: false,
          scopes: {},
        },
        codeVerifier,
      });
    expect(await codeOf(() => urlWith(secretOf("a verifier")))).toBe("invalid_config");
    // A connector that leaves PKCE out has said why.
    expect((await urlWith(undefined)).searchParams.has("code_challenge")).toBe(false);
  });

  test("R22 asks again after a refusal, and once while the answer is good", async () => {
    let good = false;
    const provider = await startIssuer((origin) => (good ? origin : `${origin}/`));
    const endpoint = newEndpoint();
    await errorOf(() => endpoint.server(provider.connector, {}));
    good = true;
    await endpoint.server(provider.connector, {});
    await endpoint.server(provider.connector, {});
    expect(provider.requests.map((request) => request.url)).toEqual([path, path]);
  });

  test.each([301, 302, 307, 308])("R23 follows no redirect of the metadata with %d", async (status) => {
    const second = await startServer((response) => json(response, {}));
    const first = await startServer((response) => response.writeHead(status, { location: second.origin + path }).end());
    expect(await codeOf(() => newEndpoint().server(discovering(first), {}))).toBe("invalid_response");
    expect(second.requests).toEqual([]);
  });

  test("R23 refuses an endpoint in the metadata that is not https", async () => {
    const provider = await startIssuer((origin) => origin, { token_endpoint: "http://login.example.com/token" });
    expect(await codeOf(() => newEndpoint().server(provider.connector, {}))).toBe("invalid_config");
  });

  test("R23 asks no issuer over http unless startProvider gave it back", async () => {
    const provider = await startIssuer((origin) => origin);
    const remote = { ...provider.connector, loopback: undefined };
    expect(await codeOf(() => newEndpoint().server(remote, {}))).toBe("invalid_config");
    expect(provider.requests).toEqual([]);
  });

  test("R29 metadata over the limit is refused", async () => {
    const server = await startServer((response) => response.end(Buffer.alloc(2 * 1024 * 1024, " ")));
    expect(await codeOf(() => newEndpoint().server(discovering(server), {}))).toBe("invalid_response");
  });

  test.each([
    [500, "provider_unavailable"],
    [503, "provider_unavailable"],
    [429, "provider_unavailable"],
    [408, "provider_unavailable"],
    [404, "invalid_response"],
    [200, "invalid_response"],
  ])("F12 metadata under %d without content is %s", async (status, code) => {
    const server = await startServer((response) => response.writeHead(status).end());
    expect(await codeOf(() => newEndpoint().server(discovering(server), {}))).toBe(code);
  });

  test("F12 an issuer that does not answer is unavailable, with a time to try again", async () => {
    const server = await startServer(() => undefined);
    await server.close();
    const error = await errorOf(() => newEndpoint().server(discovering(server), {}));
    expect(error).toMatchObject({ code: "provider_unavailable", retryAt: new Date(now + 5_000) });
  });

  test("R21 finds the metadata of an issuer with a path where RFC 8414 puts it", async () => {
    const server: TestServer = await startServer((response, request) => {
      const issuer = `${server.origin}/t1`;
      if (request.url !== "/.well-known/oauth-authorization-server/t1") return json(response, {}, 404);
      json(response, { issuer, authorization_endpoint: `${issuer}/a`, token_endpoint: `${issuer}/t` });
    });
    const found = await newEndpoint().server({ ...discovering(server), issuer: `${server.origin}/t1` }, {});
    expect(found.tokenEndpoint).toBe(`${server.origin}/t1/t`);
  });

  test("R22 concurrent calls for one issuer share one request", async () => {
    const provider = await startIssuer((origin) => origin);
    const endpoint = newEndpoint();
    const [first, ...others] = await Promise.all(
      Array.from({ length: 5 }, () => endpoint.server(provider.connector, {})),
    );
    expect(others).toEqual(others.map(() => first));
    expect(provider.requests.map((request) => request.url)).toEqual([path]);
  });

  test("R22 a shared request that failed is not shared any further", async () => {
    let good = false;
    const provider = await startIssuer((origin) => (good ? origin : `${origin}/`));
    const endpoint = newEndpoint();
    const calls = [endpoint.server(provider.connector, {}), endpoint.server(provider.connector, {})];
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    good = true;
    await endpoint.server(provider.connector, {});
    expect(provider.requests.length).toBe(2);
  });

  test("R22 asks again when an hour has gone by", async () => {
    let at = now;
    const provider = await startIssuer((origin) => origin);
    const endpoint = newEndpoint(() => at);
    await endpoint.server(provider.connector, {});
    at += hourMs;
    await endpoint.server(provider.connector, {});
    expect(provider.requests.length).toBe(2);
  });

  test.each([500, 503, 429, 408])("F12 an outage with %d leaves the metadata of before in use", async (status) => {
    let at = now;
    let down = false;
    const provider = await startIssuer(
      (origin) => origin,
      {},
      () => (down ? status : 200),
    );
    const endpoint = newEndpoint(() => at);
    const before = await endpoint.server(provider.connector, {});
    at += hourMs;
    down = true;
    expect(await endpoint.server(provider.connector, {})).toEqual(before);
  });

  test("F12 during an outage an issuer that does not answer is asked once a minute", async () => {
    let at = now;
    let calls = 0;
    const provider = await startIssuer((origin) => origin);
    const endpoint = newEndpoint(
      () => at,
      (url, init) => {
        calls += 1;
        return fetch(url, init);
      },
    );
    const before = await endpoint.server(provider.connector, {});
    await provider.close();
    at += hourMs;
    expect(await endpoint.server(provider.connector, {})).toEqual(before);
    at += 59_000;
    expect(await endpoint.server(provider.connector, {})).toEqual(before);
    expect(calls).toBe(2);
    at += 1_000;
    expect(await endpoint.server(provider.connector, {})).toEqual(before);
    expect(calls).toBe(3);
  });

  test("R22 metadata that turned bad are refused, whatever was there before", async () => {
    let at = now;
    let name = (origin: string): string => origin;
    const provider = await startIssuer((origin) => name(origin));
    const endpoint = newEndpoint(() => at);
    await endpoint.server(provider.connector, {});
    at += hourMs;
    name = () => "https://evil.example.com";
    expect(await codeOf(() => endpoint.server(provider.connector, {}))).toBe("invalid_response");
  });
});

function newEndpoint(clock: () => number = () => now, send: Fetch = fetch): TokenEndpoint {
  return createTokenEndpoint({ transport: transportOf(send), now: clock });
}

function discovering({ origin }: TestServer): Connector {
  return exampleConnector({
    loopback: true,
    issuer: origin,
    authorizationEndpoint: undefined,
    tokenEndpoint: undefined,
  });
}

/** An issuer on the loopback interface, whose metadata name the issuer that `name` makes of its own. */
async function startIssuer(
  name: (origin: string) => string,
  change: JsonObject = {},
  status: () => number = () => 200,
): Promise<TestServer & { readonly connector: Connector }> {
  const server: TestServer = await startServer((response) => {
    const { origin } = server;
    const endpoints = { authorization_endpoint: `${origin}/authorize`, token_endpoint: `${origin}/token` };
    json(response, { issuer: name(origin), ...endpoints, ...change }, status());
  });
  return { ...server, connector: discovering(server) };
}
