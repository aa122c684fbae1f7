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

test("it refuses a spent refresh token, a wrong secret and a wrong verifier", async () => {
  const { provider, connect } = await startWalk(honest);
  await connect();
  const { body, headers } = provider.requests.find(({ url }) => url === "/token") ?? {};
  const post = (form: string, authorization = headers?.authorization ?? "") =>
    fetch(`${provider.origin}/token`, { method: "POST", body: new URLSearchParams(form), headers: { authorization } });
  expect(await (await post(body ?? "")).json()).toEqual({ error: "invalid_grant" });
  expect(await (await post(body ?? "", "Basic YTpi")).json()).toEqual({ error: "invalid_client" });
  const code = provider.secrets().find(({ name }) => name.startsWith("code "))?.value ?? "";
  expect(code).not.toBe("");
  expect(await (await post("grant_type=refresh_token&refresh_token=none")).json()).toEqual({ error: "invalid_grant" });
});

test("it has no attack of another name, and does not start in production", async () => {
  await expect(startHostileProvider({ attack: "oidcc-client-test" })).rejects.toThrow("oidcc-client-test");
  vi.stubEnv("NODE_ENV", "production");
  onTestFinished(() => void vi.unstubAllEnvs());
  await expect(startHostileProvider({ attack: "none" })).rejects.toThrow("NODE_ENV");
});
