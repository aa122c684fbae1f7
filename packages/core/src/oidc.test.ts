import { generateKeyPairSync } from "node:crypto";
import { type OidcClientAuthentication, type OidcProvider, startOidcProvider } from "@grantkeeper/testing/oidc";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import {
  type ClientAuthentication,
  type Connector,
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  privateKeyJwt,
} from "./connector/index.ts";
import { createKeeper, type IdentifiedConnection, type Keeper } from "./index.ts";
import { callbackRequest, callbackUrl, client, codeOf, cookieOf, createClock, key, silent } from "./test/harness.ts";

// oidc-provider was not written for this project: it judges the protocol, and strict rotation with reuse detection.
let provider: OidcProvider;

beforeAll(async () => {
  const redirectUris = [`${callbackUrl}/main/callback`];
  provider = await startOidcProvider({ ...client, redirectUris, accessTokenLifetime: 60 });
});
afterAll(() => provider.close());

function createWorld(connector: Connector = provider.connector, clock = createClock()) {
  const keeper = createKeeper({
    connectors: { main: connector },
    keys: [key],
    callbackUrl,
    now: clock.now,
    logger: silent,
  });
  return { clock, keeper };
}

async function connect(
  keeper: Keeper<{ main: Connector }>,
  login = "ada",
  at: OidcProvider = provider,
): Promise<IdentifiedConnection> {
  const { url, headers } = await keeper.start("main", { owner: "ada", params: {} });
  const callback = await at.signIn(url, { login });
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

  test.each(["PS256", "ES256"] as const)(
    "R37 an ID token is signed by what the metadata name: %s",
    async (algorithm) => {
      const redirectUris = [`${callbackUrl}/main/callback`];
      const at = await startOidcProvider({ ...client, redirectUris, idTokenAlgorithm: algorithm });
      onTestFinished(at.close);
      const { authorizationEndpoint, tokenEndpoint, ...rest } = at.connector;
      const connection = await connect(createWorld(rest as Connector).keeper, "ada", at);
      expect((await connection.status()).account?.id).toBe("ada");
    },
  );

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

describe("against oidc-provider, by every client authentication", () => {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "k1", alg: "ES256", use: "sig" } as const;
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const { privateKey: strange } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const strangePem = strange.export({ type: "pkcs8", format: "pem" }).toString();
  const clientSecret = "a-secret-of-thirty-two-bytes-or-so";

  async function worldOf(known: OidcClientAuthentication, clientAuthentication: ClientAuthentication) {
    const redirectUris = [`${callbackUrl}/main/callback`];
    const at = await startOidcProvider({
      ...{ ...client, clientSecret, redirectUris, accessTokenLifetime: 1, clientAuthentication: known },
    });
    onTestFinished(at.close);
    // Its clock is the machine's, and it judges the times of an assertion.
    const clock = { now: Date.now, advance: () => undefined };
    return { at, ...createWorld({ ...at.connector, clientAuthentication }, clock) };
  }

  test.each<[OidcClientAuthentication, ClientAuthentication]>([
    [{ method: "client_secret_basic" }, clientSecretBasic(clientSecret)],
    [{ method: "client_secret_post" }, clientSecretPost(clientSecret)],
    [{ method: "client_secret_jwt" }, clientSecretJwt(clientSecret)],
    [{ method: "private_key_jwt", keys: [jwk] }, privateKeyJwt({ privateKey: pem, algorithm: "ES256", keyId: "k1" })],
  ])("R31 R32 exchange, refresh and revocation prove the client: %j", async (known, way) => {
    const { at, keeper } = await worldOf(known, way);
    const connection = await connect(keeper, "ada", at);
    const { accessToken } = await connection.token();
    const tokens = async () => expect((await connection.token()).accessToken).not.toBe(accessToken);
    await vi.waitFor(tokens, { timeout: 20_000, interval: 100 });
    expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
    const issued = at.log.tokenRequests.map(({ grantType, outcome }) => `${grantType} ${outcome}`);
    expect(new Set(issued)).toEqual(new Set(["authorization_code issued", "refresh_token issued"]));
  });

  test("R32 an assertion by another key is provider_rejected", async () => {
    const way = privateKeyJwt({ privateKey: strangePem, algorithm: "ES256", keyId: "k1" });
    const { at, keeper } = await worldOf({ method: "private_key_jwt", keys: [jwk] }, way);
    expect(await codeOf(connect(keeper, "ada", at))).toBe("provider_rejected");
  });

  test("R32 a key that cannot sign is invalid_config, before any request", async () => {
    const way = privateKeyJwt({ privateKey: "no key at all", algorithm: "ES256" });
    const { at, keeper } = await worldOf({ method: "private_key_jwt", keys: [jwk] }, way);
    expect(await codeOf(connect(keeper, "ada", at))).toBe("invalid_config");
    expect(at.log.tokenRequests).toEqual([]);
  });
});
