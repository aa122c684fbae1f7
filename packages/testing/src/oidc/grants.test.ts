import type { JsonObject } from "@grantkeeper/core/connector";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createPlainClient } from "../contracts/plain-client.ts";
import { type OidcProvider, type OidcProviderOptions, startOidcProvider } from "./index.ts";

const redirectUri = "https://app.example.com/callback";
const resource = "https://api.example.com";
const deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code";
let provider: OidcProvider;

beforeEach(async () => {
  provider = await serve();
});
afterEach(() => provider.close());

test("R48 a device waits until a user lets it in, and gets tokens once", async () => {
  const device = await begin("openid offline_access");
  expect(device).toMatchObject({ verification_uri: `${provider.origin}/device`, expires_in: 600 });
  expect((await poll(device)).body["error"]).toBe("authorization_pending");
  await provider.decideDevice(text(device, "user_code"), { login: "robin" });
  const { body } = await poll(device);
  const me = await fetch(provider.connector.userinfoEndpoint ?? "", {
    headers: { authorization: `Bearer ${text(body, "access_token")}` },
  });
  expect(await me.json()).toMatchObject({ sub: "robin" });
  expect(await provider.isAlive(text(body, "refresh_token"))).toBe(true);
  expect((await poll(device)).body["error"]).toBe("invalid_grant");
  expect(provider.log.tokenRequests).toMatchObject([
    { grantType: deviceGrantType, clientId: "client", outcome: "authorization_pending" },
    { grantType: deviceGrantType, clientId: "client", outcome: "issued", grantId: expect.any(String) },
    { grantType: deviceGrantType, clientId: "client", outcome: "invalid_grant" },
  ]);
});

test("R48 a device that a user refuses is told so, and nobody else can answer for it", async () => {
  const device = await begin("openid");
  await provider.decideDevice(text(device, "user_code"), { login: "robin", deny: true });
  await expect(provider.decideDevice(text(device, "user_code"), { login: "robin" })).rejects.toThrow("No device waits");
  await expect(provider.decideDevice("BCDF-GHJK", { login: "robin" })).rejects.toThrow("No device waits");
  expect((await poll(device)).body["error"]).toBe("access_denied");
});

test("the client gets a token of its own, for a resource that is there", async () => {
  const ask = (fields: Readonly<Record<string, string>>) =>
    post(provider.connector.tokenEndpoint ?? "", { grant_type: "client_credentials", ...fields });
  const { status, body } = await ask({ resource, scope: "api:read" });
  expect(status).toBe(200);
  expect(body).toMatchObject({ token_type: "Bearer", scope: "api:read", expires_in: 3600 });
  expect(body).not.toHaveProperty("refresh_token");
  expect(await introspect(text(body, "access_token"))).toMatchObject({
    active: true,
    client_id: "client",
    scope: "api:read",
    aud: resource,
  });
  expect((await ask({ resource: "https://other.example.com" })).body["error"]).toBe("invalid_target");
  expect(provider.log.tokenRequests).toMatchObject([
    { grantType: "client_credentials", outcome: "issued" },
    { grantType: "client_credentials", outcome: "invalid_target" },
  ]);
});

test("R17 a user's grant is for the resource that was asked for", async () => {
  const client = createPlainClient(provider.connector, redirectUri, {});
  const { url, codeVerifier } = client.authorization();
  url.searchParams.set("resource", resource);
  url.searchParams.set("scope", "openid offline_access api:read");
  const code = (await provider.signIn(url, { login: "robin" })).searchParams.get("code") ?? "";
  const { body } = await client.exchange(code, codeVerifier);
  const accessToken = text(body as JsonObject, "access_token");
  expect(await introspect(accessToken)).toMatchObject({ active: true, sub: "robin", aud: resource, scope: "api:read" });
});

test("R52 a token is introspected until it is revoked", async () => {
  const device = await begin("openid offline_access");
  await provider.decideDevice(text(device, "user_code"), { login: "robin" });
  const refreshToken = text((await poll(device)).body, "refresh_token");
  expect(await introspect(refreshToken)).toMatchObject({ active: true, sub: "robin", client_id: "client" });
  const revoked = await send(provider.connector.revocationEndpoint ?? "", { token: refreshToken });
  expect(revoked.status).toBe(200);
  expect(await introspect(refreshToken)).toEqual({ active: false });
  expect(await introspect("unknown")).toEqual({ active: false });
});

test("R14 R15 requests can be pushed, and must be where the provider demands it", async () => {
  const push = async (at: OidcProvider) => {
    const client = createPlainClient(at.connector, redirectUri, {});
    const { url, codeVerifier } = client.authorization();
    const pushed = await post(`${at.origin}/request`, Object.fromEntries(url.searchParams));
    expect(pushed.status).toBe(201);
    const named = new URL(url.pathname, url);
    named.search = new URLSearchParams({
      client_id: "client",
      request_uri: text(pushed.body, "request_uri"),
    }).toString();
    const code = (await at.signIn(named, { login: "robin" })).searchParams.get("code") ?? "";
    expect((await client.exchange(code, codeVerifier)).status).toBe(200);
    return url;
  };
  const url = await push(provider);
  expect(provider.connector.pushedAuthorizationRequestEndpoint).toBeUndefined();
  expect((await provider.signIn(url, { login: "robin" })).searchParams.has("code")).toBe(true);
  const demanding = await serve({ requirePar: true });
  try {
    expect(demanding.connector.pushedAuthorizationRequestEndpoint).toBe(`${demanding.origin}/request`);
    const plain = await push(demanding);
    const refused = await demanding.signIn(plain, { login: "robin" });
    expect(refused.searchParams.get("error")).toBe("invalid_request");
  } finally {
    await demanding.close();
  }
});

test("metadata name what the connector does", async () => {
  const response = await fetch(`${provider.origin}/.well-known/openid-configuration`);
  const { connector } = provider;
  expect(await response.json()).toMatchObject({
    device_authorization_endpoint: connector.deviceAuthorizationEndpoint,
    introspection_endpoint: connector.introspectionEndpoint,
    revocation_endpoint: connector.revocationEndpoint,
    pushed_authorization_request_endpoint: `${provider.origin}/request`,
    grant_types_supported: expect.arrayContaining(["client_credentials", deviceGrantType]),
  });
});

function serve(options: Partial<OidcProviderOptions> = {}): Promise<OidcProvider> {
  return startOidcProvider({ clientId: "client", clientSecret: "secret", redirectUris: [redirectUri], ...options });
}

function send(url: string, fields: Readonly<Record<string, string>>): Promise<Response> {
  const authorization = `Basic ${Buffer.from("client:secret").toString("base64")}`;
  return fetch(url, { method: "POST", headers: { authorization }, body: new URLSearchParams(fields) });
}

async function post(
  url: string,
  fields: Readonly<Record<string, string>>,
): Promise<{ readonly status: number; readonly body: JsonObject }> {
  const response = await send(url, fields);
  return { status: response.status, body: (await response.json()) as JsonObject };
}

async function begin(scope: string): Promise<JsonObject> {
  return (await post(provider.connector.deviceAuthorizationEndpoint ?? "", { scope, prompt: "consent" })).body;
}

function poll(device: JsonObject) {
  const fields = { grant_type: deviceGrantType, device_code: text(device, "device_code") };
  return post(provider.connector.tokenEndpoint ?? "", fields);
}

async function introspect(token: string): Promise<JsonObject> {
  return (await post(provider.connector.introspectionEndpoint ?? "", { token })).body;
}

function text(body: JsonObject, name: string): string {
  expect(body[name]).toBeTypeOf("string");
  return String(body[name]);
}
