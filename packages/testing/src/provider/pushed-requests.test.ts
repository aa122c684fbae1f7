import { afterEach, expect, test } from "vitest";
import { consent } from "../consent.ts";
import { exampleConnector } from "./example-connector.ts";
import { bodyOf, closeAll, redirectUri, type Started, start } from "./example-flow.ts";
import { post } from "./example-requests.ts";
import type { ProviderOptions } from "./options.ts";

const pushedAuthorizationRequestEndpoint = "https://login.example.com/par";
afterEach(closeAll);

test("R14 a request is pushed, and the browser brings its name alone", async () => {
  const started = await serve();
  const { provider, client } = started;
  expect(provider.connector.pushedAuthorizationRequestEndpoint).toBe(`${provider.origin}/login.example.com/par`);
  for (const endpoint of [provider.connector.pushedAuthorizationRequestEndpoint ?? "", `${provider.origin}/par`]) {
    const { url, state, codeVerifier } = client.authorization();
    const { status, body } = await post(endpoint, Object.fromEntries(url.searchParams));
    expect(status).toBe(201);
    expect(body).toEqual({
      request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:.{32}$/),
      expires_in: 60,
    });
    const callback = await consent(named(started, String(body["request_uri"])), { scopes: ["read"] });
    expect(callback.href).toContain(redirectUri);
    expect(callback.searchParams.get("state")).toBe(state);
    const tokens = await client.exchange(callback.searchParams.get("code") ?? "", codeVerifier);
    expect(bodyOf(tokens)).toMatchObject({ scope: "read" });
  }
  expect(provider.log.clientRequests.map(({ endpoint, outcome }) => [endpoint, outcome])).toEqual(
    [1, 2].map(() => ["pushed_authorization_request", "answered"]),
  );
});

test("R14 a name is good once, for a minute, and for its client", async () => {
  let time = Date.UTC(2026, 10, 26);
  const started = await serve({ now: () => time });
  const used = await push(started);
  await consent(used);
  await expect(consent(used)).rejects.toThrow("unknown, used or too old");
  const [late, inTime] = [await push(started), await push(started)];
  time += 59_999;
  await consent(inTime);
  time += 1;
  await expect(consent(late)).rejects.toThrow("unknown, used or too old");
  const stranger = await push(started);
  stranger.searchParams.set("client_id", "client-2");
  await expect(consent(stranger)).rejects.toThrow("client_id");
  await expect(consent(named(started, "urn:ietf:params:oauth:request_uri:guessed"))).rejects.toThrow("unknown");
});

test("R14 what stands beside the name in the address does not count", async () => {
  const started = await serve();
  const [first, second] = [await push(started), await push(started)];
  for (const url of [first, second]) {
    url.searchParams.set("redirect_uri", "https://other.example.com/");
    url.searchParams.set("scope", "admin");
  }
  expect((await consent(first)).href).toContain(redirectUri);
  const page = await (await fetch(second)).text();
  expect(page).toContain('value="read"');
  expect(page).not.toContain("admin");
});

test("R15 a provider may demand pushed requests", async () => {
  const started = await serve({ requirePar: true });
  await expect(consent(started.client.authorization().url)).rejects.toThrow("pushed");
  expect((await consent(await push(started))).searchParams.has("code")).toBe(true);
});

test.each<[string, Readonly<Record<string, string | undefined>>, string]>([
  ["of another client", { client_id: "client-2" }, "invalid_client"],
  ["of no client", { client_id: undefined }, "invalid_request"],
  ["with a script as redirect URI", { redirect_uri: "javascript:alert(1)" }, "invalid_request"],
  ["for a token", { response_type: "token" }, "unsupported_response_type"],
  ["with plain PKCE", { code_challenge_method: "plain" }, "invalid_request"],
  ["that names another", { request_uri: "urn:ietf:params:oauth:request_uri:other" }, "invalid_request"],
])("R14 a request %s is refused when it is pushed", async (_, change, error) => {
  const { provider, client } = await serve();
  const all = { ...Object.fromEntries(client.authorization().url.searchParams), ...change };
  const fields = Object.entries(all).filter((field): field is [string, string] => field[1] !== undefined);
  const { status, body } = await post(`${provider.origin}/par`, Object.fromEntries(fields));
  expect(body["error"]).toBe(error);
  expect(status).toBe(error === "invalid_client" ? 401 : 400);
  expect(provider.log.clientRequests).toMatchObject([{ outcome: error }]);
});

test("R14 whoever does not prove to be the client pushes nothing", async () => {
  const { provider, client } = await serve();
  const fields = Object.fromEntries(client.authorization().url.searchParams);
  expect((await post(`${provider.origin}/par`, fields, {})).body["error"]).toBe("invalid_client");
});

function serve(options: ProviderOptions = {}): Promise<Started> {
  return start(exampleConnector({ pushedAuthorizationRequestEndpoint }), options);
}

async function push(started: Started): Promise<URL> {
  const fields = Object.fromEntries(started.client.authorization().url.searchParams);
  const { body } = await post(started.provider.connector.pushedAuthorizationRequestEndpoint ?? "", fields);
  return named(started, String(body["request_uri"]));
}

function named({ provider }: Started, requestUri: string): URL {
  const url = new URL(provider.connector.authorizationEndpoint ?? "");
  url.search = new URLSearchParams({ client_id: "client-1", request_uri: requestUri }).toString();
  return url;
}
