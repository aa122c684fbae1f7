import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterEach, expect, test } from "vitest";
import { exampleConnector } from "../example-connector.ts";
import { closeAll, start, text } from "../example-flow.ts";
import { post } from "../example-requests.ts";
import type { EmulatedProvider } from "../options.ts";

const tokenType = (name: string) => `urn:ietf:params:oauth:token-type:${name}`;
const foreign = { subject_token: "foreign-token", subject_token_type: tokenType("jwt") };
const tokenExchange = {
  subjectTokens: [{ token: "foreign-token", type: tokenType("jwt"), accountId: "1002", scopes: ["openid", "read"] }],
  targets: ["https://api.example.com", "calendar"],
};
afterEach(closeAll);

test("R49 a listed token becomes an access token of its account, and the answer says of what type it is", async () => {
  const { provider } = await start(exampleConnector(), { grants: { tokenExchange } });
  const { status, body } = await exchange(provider, foreign);
  expect(status).toBe(200);
  const mistaken = await exchange(provider, { ...foreign, subject_token_type: tokenType("id_token") });
  expect(mistaken.body["error"]).toBe("invalid_request");
  expect(body).toEqual({
    access_token: expect.any(String),
    issued_token_type: tokenType("access_token"),
    token_type: "Bearer",
    expires_in: 3600,
    scope: "openid read",
  });
  expect(provider.log.tokenRequests).toMatchObject([
    { grantType: "urn:ietf:params:oauth:grant-type:token-exchange", accountId: "1002", outcome: "issued" },
    { outcome: "invalid_request" },
  ]);
});

test("R49 the provider's own access token is exchanged while it lives, and its scopes do not widen", async () => {
  const { provider } = await start(exampleConnector(), { grants: { tokenExchange: {} } });
  const [seeded] = provider.seed({ count: 1, accountId: "1001", scopes: ["read", "write"] });
  const { accessToken = "", refreshToken = "" } = seeded?.tokenSets["default"] ?? {};
  const subject = { subject_token: accessToken, subject_token_type: tokenType("access_token") };
  const narrow = await exchange(provider, { ...subject, scope: "read" });
  expect(narrow.body).toMatchObject({ scope: "read" });
  expect((await exchange(provider, { ...subject, scope: "read admin" })).body["error"]).toBe("invalid_scope");
  const again = { subject_token: text(narrow.body, "access_token"), subject_token_type: tokenType("access_token") };
  expect((await exchange(provider, { ...again, scope: "write" })).body["error"]).toBe("invalid_scope");
  provider.revokeGrant(accessToken);
  for (const wrong of [
    subject,
    { ...again, subject_token_type: tokenType("jwt") },
    { subject_token: refreshToken, subject_token_type: tokenType("refresh_token") },
    { subject_token: "unknown", subject_token_type: tokenType("access_token") },
    { subject_token: accessToken },
    { subject_token_type: tokenType("access_token") },
  ]) {
    expect((await exchange(provider, wrong)).body["error"]).toBe("invalid_request");
  }
});

test("R49 a token that is no access token has the type N_A", async () => {
  const issuer = "https://login.example.com";
  const { provider } = await start(exampleConnector({ issuer }), { grants: { tokenExchange } });
  const ask = (name: string) => exchange(provider, { ...foreign, requested_token_type: tokenType(name) });
  const refresh = (await ask("refresh_token")).body;
  expect(refresh).toEqual({
    access_token: expect.stringMatching(/^emulated-refresh-/),
    issued_token_type: tokenType("refresh_token"),
    token_type: "N_A",
    scope: "openid read",
  });
  expect(provider.isAlive(text(refresh, "access_token"))).toBe(true);
  const id = (await ask("id_token")).body;
  expect(id).toMatchObject({ issued_token_type: tokenType("id_token"), token_type: "N_A" });
  const keys = createRemoteJWKSet(new URL(`${provider.connector.issuer}/_emulated/jwks`));
  const checks = { issuer: provider.connector.issuer ?? "", audience: "client-1" };
  expect((await jwtVerify(text(id, "access_token"), keys, checks)).payload.sub).toBe("1002");
  expect((await ask("access_token")).body).toMatchObject({ token_type: "Bearer" });
  expect((await ask("saml2")).body["error"]).toBe("invalid_request");
  const plain = await start(exampleConnector(), { grants: { tokenExchange } });
  const without = await exchange(plain.provider, { ...foreign, requested_token_type: tokenType("id_token") });
  expect(without.body["error"]).toBe("invalid_request");
});

test("R49 targets and actors are judged", async () => {
  const { provider } = await start(exampleConnector(), { grants: { tokenExchange } });
  const ask = async (more: Readonly<Record<string, string>>) =>
    (await exchange(provider, { ...foreign, ...more })).body["error"];
  expect(await ask({ audience: "calendar", resource: "https://api.example.com" })).toBeUndefined();
  expect(await ask({ audience: "other" })).toBe("invalid_target");
  expect(await ask({ resource: "https://other.example.com" })).toBe("invalid_target");
  expect(await ask({ actor_token: "foreign-token", actor_token_type: tokenType("jwt") })).toBeUndefined();
  expect(await ask({ actor_token: "other", actor_token_type: tokenType("jwt") })).toBe("invalid_request");
  expect(await ask({ actor_token_type: tokenType("jwt") })).toBe("invalid_request");
  expect(await ask({ actor_token: "foreign-token" })).toBe("invalid_request");
});

test("R49 a connector's own shape of answers does not lose the type of the token", async () => {
  const emulation = async () => ({
    accounts: [],
    routes: [],
    exampleCall: { path: "me" },
    tokenResponse: ({ request }: { readonly request: string }) => ({
      status: 200,
      json: { request, token_type: "bearer" },
    }),
  });
  const { provider } = await start(exampleConnector({ emulation }), { grants: { tokenExchange } });
  expect((await exchange(provider, foreign)).body).toEqual({
    request: "token_exchange",
    token_type: "bearer",
    issued_token_type: tokenType("access_token"),
  });
});

test("R49 a provider's own name for an access token gives what a consent gives", async () => {
  const emulation = async () => ({
    ...{ accounts: [], routes: [], exampleCall: { path: "me" } },
    accessTokenTypes: ["urn:example:offline"],
  });
  const { provider } = await start(exampleConnector({ emulation }), {
    ...{ grants: { tokenExchange }, accessTokenLifetime: 60 },
  });
  const { body } = await exchange(provider, { ...foreign, requested_token_type: "urn:example:offline" });
  expect(body).toMatchObject({ issued_token_type: "urn:example:offline", token_type: "Bearer", expires_in: 60 });
  expect(provider.isAlive(text(body, "refresh_token"))).toBe(true);
  const other = await exchange(provider, { ...foreign, requested_token_type: "urn:example:online" });
  expect(other.body["error"]).toBe("invalid_request");
});

test("R49 the client proves itself, and without the option there is no such grant", async () => {
  const { provider } = await start(exampleConnector(), { grants: { tokenExchange } });
  expect((await exchange(provider, foreign, {})).body["error"]).toBe("invalid_client");
  const without = await start();
  expect((await exchange(without.provider, foreign)).body["error"]).toBe("unsupported_grant_type");
});

function exchange(
  { connector }: EmulatedProvider,
  fields: Readonly<Record<string, string>>,
  headers?: Readonly<Record<string, string>>,
) {
  const grant_type = "urn:ietf:params:oauth:grant-type:token-exchange";
  return post(connector.tokenEndpoint ?? "", { grant_type, ...fields }, headers);
}
