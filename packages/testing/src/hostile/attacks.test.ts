import { createHash } from "node:crypto";
import type { JsonObject } from "@grantkeeper/core/connector";
import { expect, onTestFinished, test, vi } from "vitest";
import { hostileAttacks } from "./attacks.ts";
import { startHostileProvider } from "./start.ts";
import { expectNoHarm, expectRefreshable } from "./test/harm.ts";
import { anHour, startWalk } from "./test/walk.ts";

const honest = { name: "none" };

test("the attacks have names of their own, and name requirements", () => {
  expect(new Set(hostileAttacks.map(({ name }) => name)).size).toBe(hostileAttacks.length);
  for (const { requirement } of hostileAttacks) expect(requirement).toMatch(/^[RFH]\d+$/);
  expect(JSON.parse(JSON.stringify(hostileAttacks))).toEqual(hostileAttacks);
});

test("R37 a provider that attacks nobody passes on every leg", async () => {
  const walk = await startWalk(honest);
  const { connection } = await walk.connect();
  expect((await connection.status()).account).toMatchObject({ id: "ada-1815", name: "Ada Lovelace" });
  expect(await (await connection.fetch("things")).json()).toEqual({ done: true });
  walk.advance(anHour);
  await expectRefreshable(walk, connection);
  expectNoHarm(walk, undefined);
  expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
  const paths = new Set(walk.provider.requests.map(({ url }) => new URL(url, walk.provider.origin).pathname));
  const legs = ["authorize", "token", "jwks", "userinfo", "api/things", "revoke"].map((leg) => `/${leg}`);
  expect([...paths]).toEqual(["/.well-known/openid-configuration", ...legs]);
});

test("its token endpoint refuses a wrong client, a wrong verifier, a spent code and a spent refresh token", async () => {
  const provider = await startHostileProvider({ attack: "none", clientId: "a", clientSecret: "secret-of-a" });
  onTestFinished(provider.close);
  const redirectUri = "https://app.example.com/callback";
  const codeOf = async (): Promise<string> => {
    const verifierHash = createHash("sha256").update("verifier").digest("base64url");
    const challenge = { code_challenge: verifierHash, code_challenge_method: "S256" };
    const request = new URLSearchParams({ client_id: "a", redirect_uri: redirectUri, state: "s", ...challenge });
    const callback = await provider.signIn(`${provider.origin}/authorize?${request}`);
    return callback.searchParams.get("code") ?? "";
  };
  const post = async (form: Record<string, string>, credentials = "a:secret-of-a") => {
    const headers = { authorization: `Basic ${Buffer.from(credentials).toString("base64")}` };
    const body = new URLSearchParams({ redirect_uri: redirectUri, ...form });
    return (await (await fetch(`${provider.origin}/token`, { method: "POST", body, headers })).json()) as JsonObject;
  };
  const code = await codeOf();
  expect(await post({ code, code_verifier: "verifier" }, "a:another-secret")).toEqual({ error: "invalid_client" });
  const tokens = await post({ code, code_verifier: "verifier" });
  expect(tokens).toMatchObject({ token_type: "Bearer", expires_in: 300 });
  expect(await post({ code, code_verifier: "verifier" })).toEqual({ error: "invalid_grant" });
  expect(await post({ code: await codeOf(), code_verifier: "another" })).toEqual({ error: "invalid_grant" });
  const refresh = { grant_type: "refresh_token", refresh_token: String(tokens["refresh_token"]) };
  expect(await post(refresh)).toMatchObject({ token_type: "Bearer" });
  expect(await post(refresh)).toEqual({ error: "invalid_grant" });
});

test("it has no attack of another name, and does not start in production", async () => {
  await expect(startHostileProvider({ attack: "oidcc-client-test" })).rejects.toThrow("oidcc-client-test");
  vi.stubEnv("NODE_ENV", "production");
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startHostileProvider({ attack: "none" })).rejects.toThrow("NODE_ENV");
});
