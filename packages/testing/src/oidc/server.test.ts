import type { JsonObject } from "@grantkeeper/core/connector";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createPlainClient, type PlainClient } from "../contracts/plain-client.ts";
import { memoryAdapter } from "./adapter.ts";
import { type OidcProvider, startOidcProvider } from "./index.ts";

const redirectUri = "https://app.example.com/callback";
let provider: OidcProvider;
let client: PlainClient;

beforeEach(async () => {
  provider = await startOidcProvider({ clientId: "client", clientSecret: "s:e+c%r-t", redirectUris: [redirectUri] });
  client = createPlainClient(provider.connector, redirectUri, {});
});
afterEach(() => provider.close());

test("a user signs in, and the client gets tokens, claims and an ID token", async () => {
  const tokens = await connect("robin");
  const { connector } = provider;
  const userinfo = await client.send(
    { url: connector.userinfoEndpoint ?? "", authentication: "bearer" },
    text(tokens, "access_token"),
  );
  expect(userinfo.body).toMatchObject({ sub: "robin", email: "robin@example.com" });
  const keys = createRemoteJWKSet(new URL(connector.jwksUri ?? ""));
  const verified = await jwtVerify(text(tokens, "id_token"), keys, { issuer: provider.origin, audience: "client" });
  expect(verified.payload.sub).toBe("robin");
  expect(provider.log.tokenRequests).toMatchObject([
    { grantType: "authorization_code", clientId: "client", outcome: "issued" },
  ]);
});

test("rotation is strict: a refresh token that is used again ends the grant", async () => {
  const first = text(await connect("robin"), "refresh_token");
  const second = text(bodyOf(await client.refresh(first)), "refresh_token");
  expect(second).not.toBe(first);
  expect(await provider.isAlive(first)).toBe(false);
  expect(await provider.isAlive(second)).toBe(true);
  expect(bodyOf(await client.refresh(first))).toMatchObject({ error: "invalid_grant" });
  expect(await provider.isAlive(second)).toBe(false);
  expect(provider.log.reuseDetected).toBe(1);
  const grants = new Set(provider.log.tokenRequests.map(({ grantId }) => grantId));
  expect(grants.size).toBe(1);
});

test("of ten refreshes at once one succeeds, and its token is dead too", async () => {
  const refreshToken = text(await connect("robin"), "refresh_token");
  const answers = await Promise.all(Array.from({ length: 10 }, () => client.refresh(refreshToken)));
  const issued = answers.filter(({ status }) => status === 200);
  expect(issued).toHaveLength(1);
  for (const answer of issued) expect(await provider.isAlive(text(bodyOf(answer), "refresh_token"))).toBe(false);
});

test("revoking a refresh token ends it", async () => {
  const refreshToken = text(await connect("robin"), "refresh_token");
  expect((await client.revokeToken(refreshToken, "refresh_token")).status).toBe(200);
  expect(await provider.isAlive(refreshToken)).toBe(false);
});

test("a user's refusal comes back as access_denied", async () => {
  const { url, state } = client.authorization();
  const callback = await provider.signIn(url, { login: "robin", deny: true });
  expect(callback.searchParams.get("error")).toBe("access_denied");
  expect(callback.searchParams.get("state")).toBe(state);
});

test("nothing is evicted, however much there is", async () => {
  const adapter = memoryAdapter()("RefreshToken");
  for (let count = 0; count < 5000; count++) await adapter.upsert(`token-${count}`, { grantId: `grant-${count}` }, 60);
  expect(await adapter.find("token-0")).toEqual({ grantId: "grant-0" });
  await adapter.revokeByGrantId("grant-0");
  expect(await adapter.find("token-0")).toBeUndefined();
  expect(await adapter.find("token-1")).toBeDefined();
});

test("nothing is printed", async () => {
  const write = vi.spyOn(process.stderr, "write");
  const consoles = [vi.spyOn(console, "info"), vi.spyOn(console, "warn"), vi.spyOn(console, "error")];
  const other = await startOidcProvider({ clientId: "client", clientSecret: "secret", redirectUris: [redirectUri] });
  await other.close();
  await connect("robin");
  for (const spy of [write, ...consoles]) expect(spy.mock.calls).toEqual([]);
  vi.restoreAllMocks();
});

async function connect(login: string): Promise<JsonObject> {
  const { url, codeVerifier } = client.authorization();
  const callback = await provider.signIn(url, { login });
  return bodyOf(await client.exchange(callback.searchParams.get("code") ?? "", codeVerifier));
}

function bodyOf({ body }: { readonly body: unknown }): JsonObject {
  expect(body).toBeTypeOf("object");
  return body as JsonObject;
}

function text(body: JsonObject, name: string): string {
  expect(body[name]).toBeTypeOf("string");
  return String(body[name]);
}
