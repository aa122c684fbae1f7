import type { JsonObject } from "@grantkeeper/core/connector";
import { noClientAuthentication } from "@grantkeeper/core/connector";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exampleConnector } from "../example-connector.ts";
import { closeAll, start, text } from "../example-flow.ts";
import { post } from "../example-requests.ts";
import type { EmulatedProvider, ProviderOptions } from "../options.ts";
import { deviceGrantType } from "./options.ts";

const deviceAuthorizationEndpoint = "https://login.example.com/device/code";
const began = Date.UTC(2026, 10, 26);
let time = began;
beforeEach(() => {
  time = began;
});
afterEach(closeAll);

test("R48 a device gets its codes where the connector says, and where the emulator always has them", async () => {
  const provider = await serve();
  const { connector, origin } = provider;
  expect(connector.deviceAuthorizationEndpoint).toBe(`${origin}/login.example.com/device/code`);
  for (const url of [connector.deviceAuthorizationEndpoint ?? "", `${origin}/device_authorization`]) {
    const { status, headers, body } = await post(url, { scope: "read" });
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body).toEqual({
      device_code: expect.stringMatching(/^emulated-device-.{32}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: `${origin}/device`,
      verification_uri_complete: `${origin}/device?user_code=${String(body["user_code"])}`,
      expires_in: 900,
      interval: 5,
    });
  }
  expect(provider.log.clientRequests).toEqual(
    [1, 2].map(() => ({ at: began, endpoint: "device_authorization", outcome: "answered" })),
  );
});

test("R48 polls are judged to the millisecond, and each slow_down adds five seconds for good", async () => {
  const provider = await serve();
  const device = await begin(provider);
  const schedule: readonly [number, string, number][] = [
    [0, "authorization_pending", 5],
    [4_999, "slow_down", 5],
    [9_999, "slow_down", 10],
    [15_000, "authorization_pending", 15],
    [14_999, "slow_down", 15],
    [20_000, "authorization_pending", 20],
  ];
  for (const [wait, error] of schedule) {
    time += wait;
    expect((await poll(provider, device)).body["error"]).toBe(error);
  }
  let came = began;
  expect(
    provider.log.devicePolls.map(({ at, outcome, device: presented }) => ({ at, outcome, device: presented })),
  ).toEqual(
    schedule.map(([wait, outcome, intervalSeconds]) => {
      came += wait;
      return { at: came, outcome, device: { userCode: device["user_code"], intervalSeconds } };
    }),
  );
});

test("R48 a device that was let in gets tokens at once, and its code is good once", async () => {
  const provider = await serve();
  const device = await begin(provider, "read write");
  expect((await poll(provider, device)).body["error"]).toBe("authorization_pending");
  provider.approveDevice(text(device, "user_code"), { accountId: "1002", scopes: ["write"] });
  const { status, body } = await poll(provider, device);
  expect(status).toBe(200);
  expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3600, scope: "write" });
  expect(provider.isAlive(text(body, "refresh_token"))).toBe(true);
  const me = await fetch(provider.connector.userinfoEndpoint ?? "", {
    headers: { authorization: `Bearer ${text(body, "access_token")}` },
  });
  expect(await me.json()).toMatchObject({ sub: "1002" });
  expect((await poll(provider, device)).body["error"]).toBe("invalid_grant");
  expect(provider.isAlive(text(body, "refresh_token"))).toBe(true);
  expect(provider.log.devicePolls.map(({ grantType, outcome, accountId }) => [grantType, outcome, accountId])).toEqual([
    [deviceGrantType, "authorization_pending", undefined],
    [deviceGrantType, "issued", "1002"],
    [deviceGrantType, "invalid_grant", undefined],
  ]);
  expect(provider.log.reuseDetected).toBe(1);
});

test("R48 a user's refusal, the end of a code and an unknown code are told apart", async () => {
  const provider = await serve({ device: { intervalSeconds: 1, lifetimeSeconds: 60 } });
  const [denied, late, never] = [await begin(provider), await begin(provider), await begin(provider)];
  expect(late).toMatchObject({ expires_in: 60, interval: 1 });
  provider.denyDevice(text(denied, "user_code"));
  provider.approveDevice(text(late, "user_code"));
  expect((await poll(provider, denied)).body["error"]).toBe("access_denied");
  time = began + 59_999;
  expect((await poll(provider, never)).body["error"]).toBe("authorization_pending");
  time = began + 60_000;
  for (const device of [late, never]) expect((await poll(provider, device)).body["error"]).toBe("expired_token");
  expect((await poll(provider, { device_code: "emulated-device-unknown" })).body["error"]).toBe("invalid_grant");
  for (const decide of [provider.approveDevice, provider.denyDevice]) {
    for (const device of [denied, never]) expect(() => decide(text(device, "user_code"))).toThrow(RangeError);
    expect(() => decide("BCDF-GHJK")).toThrow(RangeError);
  }
});

test("R48 a device is let in as an account that is there", async () => {
  const provider = await serve();
  const device = await begin(provider);
  expect(() => provider.approveDevice(text(device, "user_code"), { accountId: "nobody" })).toThrow("nobody");
  provider.approveDevice(text(device, "user_code").toLowerCase().replace("-", " "));
  expect((await poll(provider, device)).status).toBe(200);
  expect(provider.log.devicePolls).toMatchObject([{ accountId: "1001" }]);
});

test("R48 a code belongs to the client that began, which proves itself at both endpoints", async () => {
  const provider = await serve();
  const begun = await begin(provider);
  provider.approveDevice(text(begun, "user_code"));
  const stranger = { authorization: `Basic ${Buffer.from("client-2:secret").toString("base64")}` };
  for (const headers of [stranger, {}]) {
    const asked = await post(provider.connector.deviceAuthorizationEndpoint ?? "", { client_id: "client-2" }, headers);
    expect(asked).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    expect((await poll(provider, begun, headers)).body["error"]).toBe("invalid_client");
  }
  expect((await poll(provider, begun)).status).toBe(200);
  expect(provider.log.clientRequests.map(({ outcome }) => outcome)).toEqual([
    "answered",
    "invalid_client",
    "invalid_client",
  ]);
});

test("R48 a public client says who it is, and no more", async () => {
  const { provider } = await start(
    exampleConnector({ deviceAuthorizationEndpoint, clientAuthentication: noClientAuthentication }),
    { signInAs: "1002" },
  );
  const url = provider.connector.deviceAuthorizationEndpoint ?? "";
  expect((await post(url, { client_id: "client-2" }, {})).body["error"]).toBe("invalid_client");
  const { body: device } = await post(url, { client_id: "client-1" }, {});
  const fields = { grant_type: deviceGrantType, device_code: text(device, "device_code"), client_id: "client-1" };
  const tokens = await post(provider.connector.tokenEndpoint ?? "", fields, {});
  expect(tokens.body).toHaveProperty("refresh_token");
  expect(provider.log.devicePolls).toMatchObject([{ accountId: "1002", outcome: "issued", clientId: "client-1" }]);
});

test("R48 without a device endpoint, and not asked for, there is no device grant", async () => {
  const { provider } = await start();
  expect((await fetch(`${provider.origin}/device_authorization`, { method: "POST" })).status).toBe(404);
  expect((await fetch(`${provider.origin}/device`)).status).toBe(404);
  expect((await poll(provider, { device_code: "any" })).body["error"]).toBe("unsupported_grant_type");
  const asked = await start(exampleConnector(), { device: {} });
  expect((await post(`${asked.provider.origin}/device_authorization`, {})).status).toBe(200);
});

test("R48 an API may have a path of its own that the emulator has, too", async () => {
  const handle = () => ({ status: 200, json: { whose: "the API's" } });
  const routes = [{ method: "GET", url: "https://api.example.com/device", handle }];
  const { origin } = await serve(
    {},
    { emulation: async () => ({ accounts: [], routes, exampleCall: { path: "me" } }) },
  );
  expect(await (await fetch(`${origin}/device`)).json()).toEqual({ whose: "the API's" });
});

test("R48 the answer is the connector's own, and an ID token comes with `openid`", async () => {
  const requests: string[] = [];
  const emulation = async () => ({
    accounts: [],
    routes: [],
    exampleCall: { path: "me" },
    tokenResponse: ({ request, tokenSets }: { request: string; tokenSets: Readonly<Record<string, object>> }) => {
      requests.push(request);
      return { status: 200, json: { shaped: true, idToken: "idToken" in (tokenSets["default"] ?? {}) } };
    },
  });
  const shaped = await serve({ signInAs: "1001" }, { emulation });
  expect((await poll(shaped, await begin(shaped))).body).toEqual({ shaped: true, idToken: true });
  expect(requests).toEqual(["device_code"]);
  const openid = await serve({ signInAs: "1001" }, { issuer: "https://login.example.com" });
  const { body } = await poll(openid, await begin(openid, "openid email"));
  const claims = Buffer.from(text(body, "id_token").split(".")[1] ?? "", "base64url").toString();
  expect(JSON.parse(claims)).toMatchObject({ sub: "1001", email: "octo@example.com" });
});

test("R48 faults strike polls and device authorization, and a poll that was struck was not judged", async () => {
  let down = true;
  const unavailable = { status: 503 };
  const provider = await serve({
    faults: {
      before: () => (down ? unavailable : undefined),
      api: ({ url }) => (down && url.href === deviceAuthorizationEndpoint ? unavailable : undefined),
    },
  });
  const url = provider.connector.deviceAuthorizationEndpoint ?? "";
  expect((await fetch(url, { method: "POST" })).status).toBe(503);
  const { body: device } = await post(`${provider.origin}/device_authorization`, { scope: "read" });
  expect((await fetch(provider.connector.tokenEndpoint ?? "", pollOf(device))).status).toBe(503);
  down = false;
  expect((await poll(provider, device)).body["error"]).toBe("authorization_pending");
  expect(provider.log.devicePolls.map(({ outcome }) => outcome)).toEqual(["fault", "authorization_pending"]);
});

function serve(
  options: ProviderOptions = {},
  change: Parameters<typeof exampleConnector>[0] = {},
): Promise<EmulatedProvider> {
  const connector = exampleConnector({ deviceAuthorizationEndpoint, ...change });
  return start(connector, { now: () => time, ...options }).then(({ provider }) => provider);
}

async function begin(provider: EmulatedProvider, scope = "read"): Promise<JsonObject> {
  return (await post(provider.connector.deviceAuthorizationEndpoint ?? "", { scope })).body;
}

function poll(provider: EmulatedProvider, device: JsonObject, headers?: Readonly<Record<string, string>>) {
  const fields = { grant_type: deviceGrantType, device_code: text(device, "device_code") };
  return post(provider.connector.tokenEndpoint ?? "", fields, headers);
}

function pollOf(device: JsonObject): RequestInit {
  const fields = { grant_type: deviceGrantType, device_code: text(device, "device_code") };
  return { method: "POST", body: new URLSearchParams(fields) };
}
