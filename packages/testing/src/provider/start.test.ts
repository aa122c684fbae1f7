import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EmulatedApiRequest, JsonObject } from "@grantkeeper/core/connector";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterEach, expect, test, vi } from "vitest";
import { consent } from "../consent.ts";
import { exampleConnector } from "./example-connector.ts";
import { bodyOf, closeAll, connect, start, text } from "./example-flow.ts";
import type { ProviderOptions } from "./options.ts";
import { startProvider } from "./start.ts";

afterEach(async () => {
  vi.unstubAllEnvs();
  await closeAll();
});

test("the connector comes back pointed at the emulator, frozen, and else the same", async () => {
  const { provider } = await start(exampleConnector({ issuer: "https://login.example.com" }));
  const { connector, origin } = provider;
  expect(origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(connector).toMatchObject({
    id: "example",
    issuer: `${origin}/login.example.com`,
    authorizationEndpoint: `${origin}/login.example.com/authorize`,
    tokenEndpoint: `${origin}/login.example.com/token`,
    apiBaseUrl: `${origin}/api.example.com/v1/`,
    apiOrigins: [origin],
    loopback: true,
  });
  expect(Object.isFrozen(connector)).toBe(true);
  expect(JSON.stringify({ ...connector, docs: "" })).not.toContain("https://");
});

test("absolute URLs of hooks are pointed at the emulator too", async () => {
  const { provider } = await start(
    exampleConnector({
      identify: {
        request: () => ({ url: "https://api.example.com/v1/me", authentication: "bearer" }),
        read: () => undefined,
      },
      revoke: {
        requests: () => [
          { url: "/v1/gone", authentication: "client" },
          { url: "gone", authentication: "client" },
        ],
      },
    }),
  );
  const { identify, revoke } = provider.connector;
  expect(identify?.request?.({ tokenSets: [] }).url).toBe(`${provider.origin}/api.example.com/v1/me`);
  const input = { tokenSet: "default", accessToken: "a", refreshToken: undefined, clientId: "c" };
  expect(revoke?.requests(input).map(({ url }) => url)).toEqual([`${provider.origin}/api.example.com/v1/gone`, "gone"]);
});

test("R42 it does not start under NODE_ENV=production", async () => {
  vi.stubEnv("NODE_ENV", "production");
  await expect(startProvider(exampleConnector())).rejects.toThrow("production");
});

test("a user grants a part, as the account chosen", async () => {
  const { client, provider } = await start();
  const tokens = await connect(client, { accountId: "1002", scopes: ["read"] });
  expect(tokens).toMatchObject({ token_type: "Bearer", expires_in: 3600, scope: "read" });
  const me = await client.send({ url: "me", authentication: "bearer" }, text(tokens, "access_token"));
  expect(me.body).toMatchObject({ sub: "1002", name: "Sam Sample" });
  const avatar = await fetch(String((me.body as JsonObject)["picture"]));
  expect(avatar.headers.get("content-type")).toContain("image/svg+xml");
  expect(provider.log.apiRequests).toMatchObject([
    { url: "https://api.example.com/v1/me", accountId: "1002", status: 200 },
  ]);
});

test("ten thousand grants are seeded at once, none is forgotten, each is an account of its own", {
  timeout: 60_000,
}, async () => {
  const { client, provider } = await start();
  const started = performance.now();
  const seeded = provider.seed({ count: 10_000, accessTokenExpired: true });
  expect(performance.now() - started).toBeLessThan(5_000);
  expect(new Set(seeded.map(({ account }) => account.id)).size).toBe(10_000);
  const set = seeded[0]?.tokenSets["default"];
  expect(set?.expiresAt).toBeLessThan(Date.now());
  const me = await client.send({ url: "me", authentication: "bearer" }, set?.accessToken ?? "");
  expect(me.status).toBe(401);
  expect(provider.log.apiRequests).toMatchObject([{ reason: "expired" }]);
  expect(seeded.every(({ tokenSets }) => provider.isAlive(tokenSets["default"]?.refreshToken ?? ""))).toBe(true);
  const refreshed = bodyOf(await client.refresh(set?.refreshToken ?? ""));
  const again = await client.send({ url: "me", authentication: "bearer" }, text(refreshed, "access_token"));
  expect(again.body).toMatchObject({ sub: seeded[0]?.account.id });
});

test("grants end and access tokens expire on command", async () => {
  const { client, provider } = await start();
  const tokens = await connect(client);
  const call = () => client.send({ url: "me", authentication: "bearer" }, text(tokens, "access_token"));
  provider.expireAccessTokens();
  expect((await call()).status).toBe(401);
  expect(provider.isAlive(text(tokens, "refresh_token"))).toBe(true);
  expect(provider.revokeGrant(text(tokens, "access_token"))).toBe(true);
  expect(provider.isAlive(text(tokens, "refresh_token"))).toBe(false);
  expect(provider.revokeGrant("unknown")).toBe(false);
  expect(provider.log.apiRequests.map(({ reason }) => reason)).toEqual(["expired"]);
});

test("routes see the real URL and whose token it is, and their links are pointed here", async () => {
  const emulation = async () => ({
    accounts: [
      { id: "1", name: "One Example" },
      { id: "2", name: "Two Example" },
    ],
    exampleCall: { path: "items" },
    routes: [
      {
        method: "GET",
        url: "https://api.example.com/v1/items/:id",
        handle: ({ url, token, reason, clientAuthenticated }: EmulatedApiRequest) => ({
          status: token ? 200 : 401,
          headers: { link: `<${url.origin}/v1/items/8>; rel="next"` },
          json: { url: url.href, id: token?.account.id ?? null, reason: reason ?? null, clientAuthenticated },
        }),
      },
    ],
  });
  const { client, provider } = await start(exampleConnector({ emulation }));
  const token = text(await connect(client, { accountId: "2" }), "access_token");
  const answer = await client.send({ url: "items/7?x=1", authentication: "bearer" }, token);
  const here = `${provider.origin}/api.example.com/v1/items`;
  expect(answer.body).toEqual({ url: `${here}/7?x=1`, id: "2", reason: null, clientAuthenticated: false });
  expect(answer.headers.get("link")).toBe(`<${here}/8>; rel="next"`);
  expect(provider.log.apiRequests[0]?.url).toBe("https://api.example.com/v1/items/7?x=1");
  const asClient = await client.send({ url: "items/7", authentication: "client" }, token);
  expect(asClient.body).toMatchObject({ id: null, clientAuthenticated: true });
  const stranger = await client.send({ url: "items/7", authentication: "bearer" }, "forged");
  expect(stranger.body).toMatchObject({ id: null, reason: "unknown" });
  expect((await fetch(`${provider.origin}/v1/items/7`)).status).toBe(401);
  expect((await fetch(`${provider.origin}/v1/elsewhere`)).status).toBe(404);
});

test("`signInAs` and `grantedScopes` answer without a page", async () => {
  const { client } = await start(exampleConnector(), { signInAs: "1002", grantedScopes: (scopes) => scopes.slice(1) });
  const { url, codeVerifier, state } = client.authorization();
  const response = await fetch(url, { redirect: "manual" });
  const callback = new URL(response.headers.get("location") ?? "");
  expect(response.status).toBe(303);
  expect(callback.searchParams.get("state")).toBe(state);
  const tokens = bodyOf(await client.exchange(callback.searchParams.get("code") ?? "", codeVerifier));
  expect(tokens["scope"]).toBe("write");
});

test("R37 an OpenID provider signs its ID tokens, publishes its keys and metadata, and names itself", async () => {
  const { client, provider } = await start(
    exampleConnector({ issuer: "https://login.example.com/tenant", scopes: ["openid", "email"] }),
  );
  const { connector, origin } = provider;
  const issuer = `${origin}/login.example.com/tenant`;
  const { url, codeVerifier } = client.authorization();
  const callback = await consent(url);
  expect(callback.searchParams.get("iss")).toBe(issuer);
  const tokens = bodyOf(await client.exchange(callback.searchParams.get("code") ?? "", codeVerifier));
  for (const path of [
    `${issuer}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server/login.example.com/tenant`,
  ]) {
    const metadata = (await (await fetch(path)).json()) as Record<string, string>;
    expect(metadata).toMatchObject({
      issuer,
      token_endpoint: connector.tokenEndpoint,
      authorization_response_iss_parameter_supported: true,
      code_challenge_methods_supported: ["S256"],
    });
    const keys = createRemoteJWKSet(new URL(metadata["jwks_uri"] ?? ""));
    const { payload } = await jwtVerify(text(tokens, "id_token"), keys, {
      issuer,
      audience: "client-1",
      algorithms: ["RS256"],
    });
    expect(payload).toMatchObject({ sub: "1001", nonce: "nonce-1", email: "octo@example.com" });
    expect(payload).not.toHaveProperty("name");
    expect(JSON.stringify(await (await fetch(metadata["jwks_uri"] ?? "")).json())).not.toContain('"d"');
  }
  const refreshed = bodyOf(await client.refresh(text(tokens, "refresh_token")));
  const claims = JSON.parse(
    Buffer.from(text(refreshed, "id_token").split(".")[1] ?? "", "base64url").toString(),
  ) as JsonObject;
  expect(claims["sub"]).toBe("1001");
  expect(claims).not.toHaveProperty("nonce");
});

test("metadata name the endpoints that the connector has, and every grant", async () => {
  const issuer = "https://login.example.com";
  const read = async (options: ProviderOptions, change: Parameters<typeof exampleConnector>[0] = {}) => {
    const { provider } = await start(exampleConnector({ issuer, ...change }), options);
    const response = await fetch(`${provider.connector.issuer}/.well-known/openid-configuration`);
    return { connector: provider.connector, metadata: (await response.json()) as JsonObject };
  };
  const plain = await read({});
  expect(plain.metadata["grant_types_supported"]).toEqual(["authorization_code", "refresh_token"]);
  for (const name of [
    "device_authorization_endpoint",
    "introspection_endpoint",
    "pushed_authorization_request_endpoint",
    "require_pushed_authorization_requests",
  ]) {
    expect(plain.metadata).not.toHaveProperty(name);
  }
  const { connector, metadata } = await read(
    { requirePar: true, grants: { clientCredentials: {}, jwtBearer: { issuers: {} }, tokenExchange: {} } },
    {
      deviceAuthorizationEndpoint: `${issuer}/device`,
      introspectionEndpoint: `${issuer}/introspect`,
      pushedAuthorizationRequestEndpoint: `${issuer}/par`,
    },
  );
  expect(metadata).toMatchObject({
    device_authorization_endpoint: connector.deviceAuthorizationEndpoint,
    introspection_endpoint: connector.introspectionEndpoint,
    pushed_authorization_request_endpoint: connector.pushedAuthorizationRequestEndpoint,
    require_pushed_authorization_requests: true,
    grant_types_supported: [
      "authorization_code",
      "refresh_token",
      "urn:ietf:params:oauth:grant-type:device_code",
      "client_credentials",
      "urn:ietf:params:oauth:grant-type:jwt-bearer",
      "urn:ietf:params:oauth:grant-type:token-exchange",
    ],
  });
});

test("grants, keys and revocations survive a restart, in a file that only its owner reads", async () => {
  const directory = await mkdtemp(join(tmpdir(), "emulator-"));
  try {
    const stateFile = join(directory, "state.json");
    const before = await start(exampleConnector({ issuer: "https://login.example.com" }), { stateFile });
    const [kept, dropped] = [await connect(before.client), await connect(before.client)];
    // Written before the answer: nothing was closed yet.
    const early = JSON.parse(await readFile(stateFile, "utf8")) as { grants: unknown[] };
    expect(early.grants).toHaveLength(2);
    before.provider.revokeGrant(text(dropped, "refresh_token"));
    await before.provider.close();
    expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
    const after = await start(exampleConnector({ issuer: "https://login.example.com" }), { stateFile });
    expect(after.provider.isAlive(text(kept, "refresh_token"))).toBe(true);
    expect(after.provider.isAlive(text(dropped, "refresh_token"))).toBe(false);
    expect(bodyOf(await after.client.refresh(text(kept, "refresh_token")))).toHaveProperty("access_token");
  } finally {
    await closeAll();
    await rm(directory, { recursive: true });
  }
});
