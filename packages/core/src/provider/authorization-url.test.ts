import { consent } from "@grantkeeper/testing";
import { afterEach, describe, expect, test } from "vitest";
import type { Connector } from "../connector/index.ts";
import { exampleConnector } from "../test/connector.ts";
import { callbackRequest, callbackUrl, closeWorlds, codeOf, cookieOf, createWorld } from "../test/harness.ts";
import { createAuthorizationUrls } from "./authorization-url.ts";
import { serverOf } from "./server.ts";

afterEach(closeWorlds);

const connector = exampleConnector({
  pushedAuthorizationRequestEndpoint: "https://login.example.com/par",
  userinfoEndpoint: "https://api.example.com/v1/me",
}) as Connector<never, never, never>;

describe("a pushed authorization request", () => {
  test("R14 the browser carries the client's id and a request_uri, and nothing else", async () => {
    const world = await createWorld(connector, { requirePar: true });
    const started = await world.keeper.start("main", { owner: "ada", loginHint: "ada@example.com" });
    expect([...started.url.searchParams.keys()].sort()).toEqual(["client_id", "request_uri"]);
    const callback = await consent(started.url);
    const request = callbackRequest(callback, cookieOf(started.headers));
    const { connection } = await world.keeper.finish(request, { owner: "ada" });
    expect((await connection.token()).accessToken).not.toBe("");
  });

  test("R14 each start pushes a request of its own", async () => {
    const world = await createWorld(connector);
    const [one, two] = [
      await world.keeper.start("main", { owner: "a" }),
      await world.keeper.start("main", { owner: "a" }),
    ];
    expect(one.url.searchParams.get("request_uri")).not.toBe(two.url.searchParams.get("request_uri"));
  });

  test.each<[string, object, string]>([
    ["503", { status: 503 }, "provider_unavailable"],
    ["429", { status: 429 }, "provider_unavailable"],
    [
      "invalid_request",
      { status: 400, json: { error: "invalid_request", error_description: "no" } },
      "provider_rejected",
    ],
    ["invalid_client", { status: 401, json: { error: "invalid_client" } }, "provider_rejected"],
    ["200 in place of 201", { status: 200, json: { request_uri: "urn:x", expires_in: 60 } }, "invalid_response"],
    ["no request_uri", { status: 201, json: { expires_in: 60 } }, "invalid_response"],
    ["a redirect", { status: 302, headers: { location: "https://evil.example" } }, "invalid_response"],
    ["HTML", { status: 201, text: "<html>" }, "invalid_response"],
  ])("R14 %s starts no flow", async (_, answer, code) => {
    const world = await createWorld(connector);
    const { fetch } = globalThis;
    const keeper = world.another({
      fetch: (url, init) => (String(url).endsWith("/par") ? Promise.resolve(responseOf(answer)) : fetch(url, init)),
    });
    expect(await codeOf(keeper.start("main", { owner: "ada" }))).toBe(code);
    await keeper.close();
  });

  test("R15 a server that wants pushed requests, and names no endpoint for them, gets none", async () => {
    const own = exampleConnector();
    const start = createAuthorizationUrls(
      async () => {
        throw new Error("nothing is to be sent");
      },
      () => 0,
    );
    const server = { ...serverOf(own, {}), requirePushedAuthorizationRequests: true };
    const request = { redirectUri: callbackUrl, state: "s", nonce: undefined, codeVerifier: undefined };
    expect(await codeOf(start(own, server, { ...request, hasRefreshToken: false, scopes: {} }))).toBe(
      "invalid_response",
    );
    const published = { require_pushed_authorization_requests: true };
    expect(serverOf(own, {}, published).requirePushedAuthorizationRequests).toBe(true);
  });
});

function responseOf(answer: { readonly status?: number; readonly json?: unknown; readonly text?: string }): Response {
  const { status = 200, json, text, ...rest } = answer;
  const headers = (rest as { readonly headers?: Record<string, string> }).headers ?? {};
  return json === undefined
    ? new Response(text ?? null, { status, headers })
    : Response.json(json, { status, headers });
}
