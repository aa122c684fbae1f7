import { type OidcProvider, startOidcProvider } from "@grantkeeper/testing/oidc";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Connector, clientSecretBasic } from "./connector/index.ts";
import { createKeeper, type IdentifiedConnection, type Keeper } from "./index.ts";
import { callbackRequest, callbackUrl, client, codeOf, cookieOf, createClock, key, silent } from "./test/harness.ts";

// oidc-provider was not written for this project: it judges the protocol, and strict rotation with reuse detection.
let provider: OidcProvider;

beforeAll(async () => {
  const redirectUris = [`${callbackUrl}/main/callback`];
  provider = await startOidcProvider({ ...client, redirectUris, accessTokenLifetime: 60 });
});
afterAll(() => provider.close());

function createWorld(connector: Connector = provider.connector) {
  const clock = createClock();
  const keeper = createKeeper({
    connectors: { main: connector },
    keys: [key],
    callbackUrl,
    now: clock.now,
    logger: silent,
  });
  return { clock, keeper };
}

async function connect(keeper: Keeper<{ main: Connector }>, login = "ada"): Promise<IdentifiedConnection> {
  const { url, headers } = await keeper.start("main", { owner: "ada", params: {} });
  const callback = await provider.signIn(url, { login });
  return (await keeper.finish(callbackRequest(callback, cookieOf(headers)), { owner: "ada" })).connection;
}

describe("against oidc-provider", () => {
  test("R37 a whole flow ends in a connection whose account is the ID token's subject", async () => {
    const { keeper } = createWorld();
    const connection = await connect(keeper);
    expect(await connection.status()).toMatchObject({ state: "active", account: { id: "ada" } });
    expect((await connection.token()).scopes).toContain("openid");
  });

  test("R22 the same flow by discovery alone", async () => {
    const { authorizationEndpoint, tokenEndpoint, userinfoEndpoint, revocationEndpoint, jwksUri, ...rest } =
      provider.connector;
    const { keeper } = createWorld(rest as Connector);
    const connection = await connect(keeper);
    expect((await connection.status()).account?.id).toBe("ada");
    expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
  });

  test("I1 a hundred callers at a time over five rounds of strict rotation: no reuse, the grant lives", async () => {
    const { keeper, clock } = createWorld();
    const connection = await connect(keeper);
    provider.log.clear();
    for (let round = 0; round < 5; round++) {
      clock.advance(61);
      const tokens = await Promise.all(Array.from({ length: 100 }, () => connection.token()));
      expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
    }
    expect(provider.log.tokenRequests).toHaveLength(5);
    expect(provider.log.reuseDetected).toBe(0);
  });

  test("R5 a code is exchanged once though its callback comes ten times", async () => {
    const { keeper } = createWorld();
    const { url, headers } = await keeper.start("main", { owner: "ada", params: {} });
    const callback = await provider.signIn(url, { login: "ada" });
    provider.log.clear();
    const codes = await Promise.all(
      Array.from({ length: 10 }, () =>
        codeOf(keeper.finish(callbackRequest(callback, cookieOf(headers)), { owner: "ada" })),
      ),
    );
    expect(codes.filter((code) => code === "none")).toHaveLength(1);
    expect(provider.log.tokenRequests).toHaveLength(1);
  });

  test("R51 disconnecting revokes: the old refresh token is dead there", async () => {
    const { keeper, clock } = createWorld();
    const connection = await connect(keeper);
    expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
    clock.advance(61);
    expect(await codeOf(connection.token())).toBe("not_connected");
  });

  test.each([
    ["keys", "jwksUri", "token", [200]],
    ["identity", "userinfoEndpoint", "token", [200]],
    ["identity", "userinfoEndpoint", "grant", []],
  ] as const)(
    "R51 without the %s (%s) tokens are revoked, if that ends no other %s",
    async (_, endpoint, revocationScope, expected) => {
      const revocations: number[] = [];
      const keeper = createKeeper({
        connectors: { main: { ...provider.connector, revocationScope } },
        ...{ keys: [key], callbackUrl, logger: silent },
        fetch: async (url, init) => {
          if (String(url) === provider.connector[endpoint]) return new Response(null, { status: 503 });
          const response = await fetch(url, init);
          if (String(url) === provider.connector.revocationEndpoint) revocations.push(response.status);
          return response;
        },
      });
      expect(await codeOf(connect(keeper))).toBe("provider_unavailable");
      expect(revocations).toEqual(expected);
      await keeper.close();
    },
  );

  test("a user who says no ends in consent_denied", async () => {
    const { keeper } = createWorld();
    const { url, headers } = await keeper.start("main", { owner: "ada", params: {} });
    const callback = await provider.signIn(url, { login: "ada", deny: true });
    const request = callbackRequest(callback, cookieOf(headers));
    expect(await codeOf(keeper.finish(request, { owner: "ada" }))).toBe("consent_denied");
  });

  test("R31 a wrong client secret is provider_rejected, and ends no grant", async () => {
    const { keeper, clock } = createWorld();
    const connection = await connect(keeper);
    const wrong = createWorld({ ...provider.connector, clientAuthentication: clientSecretBasic("wrong") });
    const { url, headers } = await wrong.keeper.start("main", { owner: "ada", params: {} });
    const callback = await provider.signIn(url, { login: "ada" });
    const request = callbackRequest(callback, cookieOf(headers));
    expect(await codeOf(wrong.keeper.finish(request, { owner: "ada" }))).toBe("provider_rejected");
    clock.advance(61);
    expect((await connection.token()).accessToken).toBeTypeOf("string");
  });
});
