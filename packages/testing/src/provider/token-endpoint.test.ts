import { clientSecretBasic, noClientAuthentication } from "@grantkeeper/core/connector";
import { afterEach, expect, test } from "vitest";
import { consent } from "../consent.ts";
import { createPlainClient } from "../contracts/plain-client.ts";
import { exampleConnector } from "./example-connector.ts";
import { bodyOf, closeAll, connect, redirectUri, start, text } from "./example-flow.ts";

afterEach(closeAll);

test("R5 a code is good once: its second use ends what it gave", async () => {
  const { client, provider } = await start();
  const { url, codeVerifier } = client.authorization();
  const code = (await consent(url)).searchParams.get("code") ?? "";
  const tokens = bodyOf(await client.exchange(code, codeVerifier));
  expect(bodyOf(await client.exchange(code, codeVerifier))).toMatchObject({ error: "invalid_grant" });
  expect(provider.isAlive(text(tokens, "refresh_token"))).toBe(false);
  expect(provider.log.reuseDetected).toBe(1);
});

test("a code lives ten minutes", async () => {
  let time = Date.now();
  const { client } = await start(exampleConnector(), { now: () => time });
  const { url, codeVerifier } = client.authorization();
  const code = (await consent(url)).searchParams.get("code") ?? "";
  time += 600_000;
  expect(bodyOf(await client.exchange(code, codeVerifier))).toMatchObject({ error: "invalid_grant" });
});

test("R2 the verifier must answer the challenge, and is refused where none was sent", async () => {
  const { client } = await start();
  const other = client.authorization().codeVerifier;
  for (const verifier of [other, undefined]) {
    const code = (await consent(client.authorization().url)).searchParams.get("code") ?? "";
    expect(bodyOf(await client.exchange(code, verifier))).toMatchObject({ error: "invalid_grant" });
  }
  const { url, codeVerifier } = client.authorization();
  url.searchParams.delete("code_challenge");
  url.searchParams.delete("code_challenge_method");
  const code = (await consent(url)).searchParams.get("code") ?? "";
  expect(bodyOf(await client.exchange(code, codeVerifier))).toMatchObject({ error: "invalid_grant" });
});

test("R2 `plain` is refused, and any PKCE where the provider refuses it", async () => {
  const { client } = await start();
  const { url } = client.authorization();
  url.searchParams.set("code_challenge_method", "plain");
  expect((await consent(url)).searchParams.get("error")).toBe("invalid_request");
  const refusing = await start(exampleConnector({ pkce: { refused: "https://example.com/docs" } }));
  const plain = refusing.client.authorization().url;
  plain.searchParams.set("code_challenge", "a".repeat(43));
  plain.searchParams.set("code_challenge_method", "S256");
  expect((await consent(plain)).searchParams.get("error")).toBe("invalid_request");
});

test("R9 the redirect URI of both legs is the same to the byte", async () => {
  const { client, provider } = await start();
  const near = createPlainClient(provider.connector, `${redirectUri}&`, {});
  const { url, codeVerifier } = client.authorization();
  const code = (await consent(url)).searchParams.get("code") ?? "";
  expect(bodyOf(await near.exchange(code, codeVerifier))).toMatchObject({ error: "invalid_grant" });
});

test("R31 the client authenticates by its one method, with the right secret", async () => {
  const { provider } = await start();
  const url = provider.connector.tokenEndpoint ?? "";
  const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  const encoded = encodeURIComponent("s:e+c%r-é");
  const attempt = async (authorization: string | undefined, fields: Record<string, string> = {}) => {
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: "none", ...fields });
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await fetch(url, { method: "POST", headers, body });
    return ((await response.json()) as { error: string }).error;
  };
  expect(await attempt(basic("client-1", encoded))).toBe("invalid_grant");
  expect(await attempt(basic("client%2D1", encoded))).toBe("invalid_grant");
  expect(await attempt(basic("client-1", "s:e+c%r-é"))).toBe("invalid_client");
  expect(await attempt(basic("client-2", encoded))).toBe("invalid_client");
  expect(await attempt(basic("client-1", encoded), { client_secret: "s:e+c%r-é" })).toBe("invalid_client");
  expect(await attempt(undefined, { client_id: "client-1", client_secret: "s:e+c%r-é" })).toBe("invalid_client");
  expect(await attempt(undefined)).toBe("invalid_client");
});

test("R33 raw Basic is not decoded", async () => {
  const { provider, client } = await start(
    exampleConnector({ clientAuthentication: clientSecretBasic("a%2Bb", { encoding: "raw" }) }),
  );
  expect(bodyOf(await client.refresh("none"))).toMatchObject({ error: "invalid_grant" });
  const encoding = createPlainClient(
    { ...provider.connector, clientAuthentication: clientSecretBasic("a%2Bb") },
    redirectUri,
    {},
  );
  expect(bodyOf(await encoding.refresh("none"))).toMatchObject({ error: "invalid_client" });
});

test("a body in the wrong format, or a repeated parameter, is an invalid request", async () => {
  const { provider, client } = await start(exampleConnector({ clientAuthentication: noClientAuthentication }));
  const url = provider.connector.tokenEndpoint ?? "";
  const fields = { grant_type: "refresh_token", refresh_token: "none", client_id: "client-1" };
  const json = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(fields),
  });
  expect(await json.json()).toMatchObject({ error: "invalid_request" });
  const twice = await fetch(url, {
    method: "POST",
    body: new URLSearchParams([...Object.entries(fields), ["client_id", "client-1"]]),
  });
  expect(await twice.json()).toMatchObject({ error: "invalid_request" });
  expect(bodyOf(await client.refresh("none"))).toMatchObject({ error: "invalid_grant" });
});

test("refreshing may have an endpoint of its own", async () => {
  const { client, provider } = await start(exampleConnector({ refreshEndpoint: "https://login.example.com/refresh" }));
  const tokens = await connect(client);
  const elsewhere = createPlainClient({ ...provider.connector, refreshEndpoint: undefined }, redirectUri, {});
  expect(bodyOf(await elsewhere.refresh(text(tokens, "refresh_token")))).toMatchObject({
    error: "unsupported_grant_type",
  });
  expect(bodyOf(await client.refresh(text(tokens, "refresh_token")))).toHaveProperty("access_token");
});

test("the log tells who refreshed what, and when", async () => {
  const { client, provider } = await start(exampleConnector(), { latencyMs: 40 });
  const [seeded] = provider.seed({ count: 1, accountId: "1001" });
  const refreshToken = seeded?.tokenSets["default"]?.refreshToken ?? "";
  await client.refresh(refreshToken);
  await client.refresh(refreshToken);
  const [first, second] = provider.log.tokenRequests;
  const lineage = { grant: seeded?.grant, tokenSet: "default" };
  expect(first).toMatchObject({
    grantType: "refresh_token",
    clientId: "client-1",
    accountId: "1001",
    presented: { ...lineage, generation: 1 },
    issued: { ...lineage, generation: 2 },
    outcome: "issued",
    reuse: false,
  });
  expect((first?.endedAt ?? 0) - (first?.startedAt ?? 0)).toBeGreaterThanOrEqual(30);
  expect(second).toMatchObject({ presented: { ...lineage, generation: 1 }, outcome: "invalid_grant", reuse: true });
  expect(provider.log.reuseDetected).toBe(1);
  provider.log.clear();
  expect(provider.log.tokenRequests).toEqual([]);
  expect(provider.log.reuseDetected).toBe(0);
});

test("R51 revocation ends one token, or all that the user granted, as the connector says", async () => {
  for (const [scope, alive] of [
    ["token", true],
    ["grant", false],
  ] as const) {
    const { client, provider } = await start(exampleConnector({ revocationScope: scope }));
    const [first, second] = [await connect(client), await connect(client)];
    expect((await client.revokeToken(text(first, "refresh_token"), "refresh_token")).status).toBe(200);
    expect(provider.isAlive(text(first, "refresh_token"))).toBe(false);
    expect(provider.isAlive(text(second, "refresh_token"))).toBe(alive);
    expect((await client.revokeToken("unknown", "access_token")).status).toBe(200);
    expect(provider.log.revocations.map(({ known }) => known)).toEqual([true, false]);
  }
});

test("without a lifetime there is no refresh token, unless one is asked for", async () => {
  const lasting = await start(exampleConnector(), { accessTokenLifetime: null });
  const tokens = await connect(lasting.client);
  expect(tokens).not.toHaveProperty("refresh_token");
  expect(tokens).not.toHaveProperty("expires_in");
  const both = await start(exampleConnector(), { accessTokenLifetime: null, refreshTokens: true });
  expect(await connect(both.client)).toHaveProperty("refresh_token");
});

test("a provider may give a refresh token at the first consent only", async () => {
  const emulation = async () => ({
    accounts: [],
    routes: [],
    exampleCall: { path: "me" },
    accessTokenLifetimeSeconds: 60,
    refreshTokenOnFirstConsentOnly: true,
  });
  const { client, provider } = await start(exampleConnector({ emulation }));
  const first = await connect(client);
  expect(first).toHaveProperty("refresh_token");
  expect(await connect(client)).not.toHaveProperty("refresh_token");
  expect(await connect(client, { accountId: "1002" })).toHaveProperty("refresh_token");
  const { url, codeVerifier } = client.authorization();
  url.searchParams.set("prompt", "select_account consent");
  const code = (await consent(url)).searchParams.get("code") ?? "";
  const asked = bodyOf(await client.exchange(code, codeVerifier));
  expect(asked).toHaveProperty("refresh_token");
  for (const { refresh_token: token } of [first, asked]) provider.revokeGrant(String(token));
  expect(await connect(client)).toHaveProperty("refresh_token");
});
