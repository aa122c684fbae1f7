import { describe, expect, test } from "vitest";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { secretOf } from "../secret.ts";
import { exampleConnector } from "../test/connector.ts";
import { codeOf, errorOf } from "../test/errors.ts";
import { json, startServer } from "../test/http-server.ts";
import { transportOf } from "../test/transport.ts";
import { createProviderRequests } from "./requests.ts";
import { serverOf } from "./server.ts";

const requests = createProviderRequests({ transport: transportOf(fetch), now: () => 0 });

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

  test("an OpenID provider without userinfo is identified by the ID token's claims", async () => {
    const own = await startServer((response) => json(response, {}, 500));
    const local = localConnector(own.origin, {});
    expect(await identify(local, { sub: "1", name: "Ada", email: "ada@example.com" })).toEqual({
      id: "1",
      name: "Ada",
      email: "ada@example.com",
    });
    expect(await identify(local)).toBeUndefined();
    expect(own.requests).toEqual([]);
  });

  test.each([null, [], [{ sub: "1" }], "1", 1, true, {}, { sub: "" }, { sub: 1 }, { sub: "2" }])(
    "R39 userinfo of %j is no account, whatever the ID token says",
    async (body) => {
      const own = await startServer((response) => json(response, body));
      const local = localConnector(own.origin, { userinfoEndpoint: `${own.origin}/me` });
      expect(await codeOf(() => identify(local, { sub: "1" }))).toBe("invalid_response");
    },
  );

  test("R39 claims without a subject name no account", async () => {
    const own = await startServer((response) => json(response, {}, 500));
    expect(await codeOf(() => identify(localConnector(own.origin, {}), { name: "Ada" }))).toBe("invalid_response");
  });
});

describe("revoke", () => {
  const throwing = (): never => {
    throw new TypeError("unexpected shape");
  };

  test.each<[string, (origin: string) => Partial<Connector>]>([
    ["a hook that throws", () => ({ revoke: { requests: throwing } })],
    [
      "a reader that throws",
      (origin) => ({ revoke: { requests: () => [{ url: origin, authentication: "bearer" }], revoked: throwing } }),
    ],
    [
      "a URL that cannot be read",
      () => ({ revoke: { requests: () => [{ url: "https://", authentication: "bearer" }] } }),
    ],
    [
      "a header that cannot be sent",
      (origin) => ({
        revoke: { requests: () => [{ url: origin, authentication: "bearer", headers: { "x-a": "a\n" } }] },
        apiHeaders: { "x b": "b" },
      }),
    ],
  ])("R51 %s is a failure, not an error", async (_, change) => {
    const own = await startServer((response) => json(response, {}));
    expect(await revoke(localConnector(own.origin, change(own.origin)))).toBe("failed");
  });

  test("R41 R51 a foreign origin gets no token, and revoking has failed", async () => {
    const own = await startServer((response) => json(response, {}));
    const foreign = await startServer((response) => json(response, {}));
    const local = localConnector(own.origin, {
      revoke: { requests: () => [{ url: foreign.origin, authentication: "bearer" }] },
    });
    expect(await revoke(local)).toBe("failed");
    expect([...own.requests, ...foreign.requests]).toEqual([]);
  });

  test("R51 sends the refresh token with its hint", async () => {
    const own = await startServer((response) => json(response, {}));
    expect(await revoke(localConnector(own.origin, { revocationEndpoint: `${own.origin}/revoke` }))).toBe("revoked");
    expect(Object.fromEntries(new URLSearchParams(own.requests[0]?.body))).toMatchObject({
      token: "r3fr3sh",
      token_type_hint: "refresh_token",
    });
    expect(await revoke(localConnector(own.origin, {}))).toBe("unsupported");
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

function revoke(local: Connector): Promise<string> {
  const credentials = { accessToken: secretOf("s3cr3t"), refreshToken: secretOf("r3fr3sh") };
  return requests.revoke(local, serverOf(local, {}), "default", credentials);
}

function identify(local: Connector, idTokenClaims?: JsonObject): Promise<unknown> {
  return requests.identify(local, serverOf(local, {}), {
    tokenResponse: {},
    credentials: undefined,
    idTokenClaims,
    tokenSets: { default: { accessToken: secretOf("s3cr3t") } },
    params: {},
  });
}
