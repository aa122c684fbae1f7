import { noClientAuthentication } from "@grantkeeper/core/connector";
import { afterEach, expect, test } from "vitest";
import { exampleConnector } from "./example-connector.ts";
import { closeAll, start } from "./example-flow.ts";
import { post } from "./example-requests.ts";

const introspectionEndpoint = "https://login.example.com/introspect";
afterEach(closeAll);

test("R52 the client learns what its tokens are good for, while they are", async () => {
  let time = Date.UTC(2026, 10, 26);
  const { provider } = await start(exampleConnector({ introspectionEndpoint }), { now: () => time });
  const [seeded] = provider.seed({ count: 1, accountId: "1002", scopes: ["read", "write"] });
  const { accessToken = "", refreshToken = "" } = seeded?.tokenSets["default"] ?? {};
  const of = { active: true, scope: "read write", client_id: "client-1", sub: "1002" };
  expect(provider.connector.introspectionEndpoint).toBe(`${provider.origin}/login.example.com/introspect`);
  for (const url of [provider.connector.introspectionEndpoint ?? "", `${provider.origin}/introspect`]) {
    const ask = async (token: string) => (await post(url, { token })).body;
    expect(await ask(accessToken)).toEqual({ ...of, token_type: "Bearer", exp: time / 1000 + 3600 });
    expect(await ask(refreshToken)).toEqual(of);
    expect(await ask("unknown")).toEqual({ active: false });
  }
  const ask = async (token: string) => (await post(`${provider.origin}/introspect`, { token })).body;
  time += 3600 * 1000;
  expect(await ask(accessToken)).toEqual({ active: false });
  expect(await ask(refreshToken)).toEqual(of);
  provider.revokeGrant(accessToken);
  expect(await ask(refreshToken)).toEqual({ active: false });
  expect(provider.log.clientRequests.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual(
    [..."aaiaai", ..."iai"].map((letter) => `introspection ${letter === "a" ? "active" : "inactive"}`),
  );
});

test("R52 asking about a token does not use it", async () => {
  const { provider, client } = await start(exampleConnector(), { rotation: { kind: "untilUsed" } });
  const first = provider.seed({ count: 1 })[0]?.tokenSets["default"]?.refreshToken ?? "";
  const { body } = await client.refresh(first);
  const { access_token: token } = body as { access_token: string };
  await post(`${provider.origin}/introspect`, { token });
  expect(provider.isAlive(first)).toBe(true);
  await client.send({ url: "me", authentication: "bearer" }, token);
  expect(provider.isAlive(first)).toBe(false);
});

test("R52 whoever does not prove to be the client learns nothing", async () => {
  const { provider } = await start();
  const token = provider.seed({ count: 1 })[0]?.tokenSets["default"]?.accessToken ?? "";
  const url = `${provider.origin}/introspect`;
  const wrong = { authorization: `Basic ${Buffer.from("client-1:wrong").toString("base64")}` };
  for (const headers of [wrong, {}, { authorization: `Bearer ${token}` }]) {
    expect(await post(url, { token }, headers)).toMatchObject({ status: 401, body: { error: "invalid_client" } });
  }
  expect(await post(url, {})).toMatchObject({ status: 400, body: { error: "invalid_request" } });
  expect((await fetch(url)).status).toBe(400);
  const open = await start(exampleConnector({ clientAuthentication: noClientAuthentication }));
  const fields = { token, client_id: "client-1" };
  expect((await post(`${open.provider.origin}/introspect`, fields, {})).body).toMatchObject({
    error: "invalid_client",
  });
});
