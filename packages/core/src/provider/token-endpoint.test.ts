import { generateKeyPairSync, sign } from "node:crypto";
import type { ServerResponse } from "node:http";
import { startProvider } from "@grantkeeper/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type ClientAuthentication,
  clientSecretBasic,
  clientSecretPost,
  noClientAuthentication,
} from "../connector/client-authentication.ts";
import type { JsonObject } from "../connector/json.ts";
import type { Connector } from "../connector/types.ts";
import { secretOf } from "../secret.ts";
import { exampleConnector } from "../test/connector.ts";
import { json, type ReceivedRequest, startServer, type TestServer } from "../test/http-server.ts";
import { holding } from "../test/plain.ts";
import { transportOf } from "../test/transport.ts";
import { authenticator } from "./client-authentication.ts";
import { tokenRequestError } from "./errors.ts";
import type { Fetch } from "./http.ts";
import { type Server, serverOf } from "./server.ts";
import type { TokenOutcome } from "./token-answer.ts";
import { createTokenEndpoint, randomNonce, randomVerifier, type TokenEndpoint } from "./token-endpoint.ts";

const now = Date.UTC(2026, 10, 23, 12);
const connector = exampleConnector();
const tokens = { access_token: "a", token_type: "bearer", refresh_token: "new", expires_in: 60 };

const always = (): boolean => true;
const refreshRequest = { refreshToken: secretOf("old"), tokenSet: "default", subject: undefined, maySend: always };

const secret = "s:e+c%r-é ~&=/";
const clientId = "client:1+%-é";

describe("client authentication", () => {
  test.each<[string, ClientAuthentication, (received: ReceivedRequest) => unknown]>([
    ["none", noClientAuthentication, ({ body }) => Object.fromEntries(new URLSearchParams(body))["client_id"]],
    [
      "client_secret_post",
      clientSecretPost(secret),
      ({ body }) => {
        const { client_id, client_secret } = Object.fromEntries(new URLSearchParams(body));
        return client_secret === secret && client_id;
      },
    ],
    [
      "client_secret_basic",
      clientSecretBasic(secret),
      ({ headers }) => {
        const [id = "", given = ""] = basicOf(headers.authorization).split(":");
        return decodeURIComponent(given.replaceAll("+", " ")) === secret && decodeURIComponent(id);
      },
    ],
    [
      "client_secret_basic, raw",
      clientSecretBasic(secret, { encoding: "raw" }),
      ({ headers }) => basicOf(headers.authorization) === `${clientId}:${secret}` && clientId,
    ],
  ])("R31 %s proves the client, and does so once", async (_, clientAuthentication, identify) => {
    const received = await refreshOnce({ clientId, clientAuthentication });
    expect(identify(received)).toBe(clientId);
    const parameters = new URLSearchParams(received.body);
    const ways = [
      received.headers.authorization !== undefined,
      parameters.has("client_secret"),
      parameters.has("client_assertion"),
    ];
    expect(ways.filter(Boolean).length).toBe(clientAuthentication.method === "none" ? 0 : 1);
    expect(parameters.getAll("client_id").length).toBeLessThan(2);
    expect(received.url).not.toContain(secret);
  });

  test("R33 rfc6749 encodes id and secret before Basic", async () => {
    const received = await refreshOnce({ clientId, clientAuthentication: clientSecretBasic(":+%-é") });
    const [id = "", given = "", ...more] = basicOf(received.headers.authorization).split(":");
    expect([decodeURIComponent(id), decodeURIComponent(given), ...more]).toEqual([clientId, ":+%-é"]);
    expect(given).toMatch(/^%3A%2B%25(-|%2D)%C3%A9$/);
  });

  test("R33 raw sends id and secret as they are", async () => {
    const received = await refreshOnce({
      clientAuthentication: clientSecretBasic(":+%-é", { encoding: "raw" }),
    });
    expect(received.headers.authorization).toBe(`Basic ${Buffer.from("client-1::+%-é").toString("base64")}`);
  });

  test("R31 a JSON body carries the parameters once, and nothing is form-encoded", async () => {
    const received = await refreshOnce({ bodyFormat: "json", refreshParams: { extra: "1" } });
    expect(received.headers["content-type"]).toBe("application/json");
    expect(received.headers.authorization).toBeUndefined();
    expect(JSON.parse(received.body)).toEqual({
      grant_type: "refresh_token",
      refresh_token: "old",
      client_id: "client-1",
      client_secret: "client-secret-1",
      extra: "1",
    });
  });

  test("R44 the refresh token goes in the body of a POST to the refresh endpoint, never in a URL", async () => {
    const received = await refreshOnce({});
    expect(received).toMatchObject({ method: "POST", url: "/refresh" });
    expect(Object.fromEntries(new URLSearchParams(received.body))).toMatchObject({
      grant_type: "refresh_token",
      refresh_token: "old",
    });
  });

  test("R31 every method is a function of its own", () => {
    const methods = [noClientAuthentication, clientSecretPost("s"), clientSecretBasic("s")].map((one) =>
      authenticator(one, () => now),
    );
    expect(new Set(methods).size).toBe(3);
  });
});

describe("refresh", () => {
  test("gives the tokens and the response as it came", async () => {
    const outcome = await refreshAgainst((response) => json(response, { ...tokens, extra: "x" }));
    expect(outcome).toMatchObject({
      kind: "tokens",
      tokenSets: { default: tokens },
      tokenResponse: { extra: "x" },
      idTokenClaims: undefined,
    });
  });

  const shapes: readonly [string, JsonObject][] = [
    ["no token type", { access_token: "a" }],
    ["a token type in odd case", { access_token: "a", token_type: "bEaReR" }],
    ["expires_in null", { access_token: "a", expires_in: null }],
    ["expires_in as text", { access_token: "a", expires_in: "3600" }],
    ["expires_in negative", { access_token: "a", expires_in: -5 }],
    ["refresh_token null", { access_token: "a", refresh_token: null }],
    ["refresh_token empty", { access_token: "a", refresh_token: "" }],
    ["scope as a list", { access_token: "a", scope: ["a", "b"] }],
    ["scope null", { access_token: "a", scope: null }],
    ["scope empty", { access_token: "a", scope: "" }],
    ["an id_token that is none", { access_token: "a", id_token: "x.y.z" }],
  ];

  test.each(shapes)("R36 takes a response with %s", async (_, body) => {
    expect((await refreshAgainst((response) => json(response, body))).kind).toBe("tokens");
  });

  test("R36 takes a response under 201, and one as a form", async () => {
    expect((await refreshAgainst((response) => json(response, tokens, 201))).kind).toBe("tokens");
    const form = new URLSearchParams({ access_token: "a", refresh_token: "new", expires_in: "3600" }).toString();
    const outcome = await refreshAgainst((response) =>
      response.writeHead(200, { "content-type": "application/x-www-form-urlencoded" }).end(form),
    );
    expect(outcome).toMatchObject({
      kind: "tokens",
      tokenSets: { default: { refresh_token: "new", expires_in: 3600 } },
    });
  });

  test("R34 refuses an unknown token type", async () => {
    const outcome = await refreshAgainst((response) => json(response, { ...tokens, token_type: "mac" }));
    expect(outcome.kind).toBe("invalid");
  });

  test("R45 a response that is refused for its token type keeps the rotated refresh token", async () => {
    const outcome = await refreshAgainst((response) => json(response, { ...tokens, token_type: "mac" }));
    expect(outcome).toMatchObject({ refreshTokens: { default: holding("new") } });
  });

  test.each([-5, null, "NaN"])("R45 keeps a rotated refresh token when expires_in is %j", async (expires) => {
    const outcome = await refreshAgainst((response) => json(response, { ...tokens, expires_in: expires }));
    expect(outcome).toMatchObject({ kind: "tokens", tokenSets: { default: { refresh_token: "new" } } });
  });

  test("R45 keeps a rotated refresh token when the ID token is bad", async () => {
    const outcome = await refreshAgainst((response) => json(response, { ...tokens, id_token: "x.y.z" }), {
      issuer: "https://login.example.com",
    });
    expect(outcome).toMatchObject({ kind: "invalid", refreshTokens: { default: holding("new") } });
  });

  test("R45 an answer that the connector's error reader trips over was not left unspent", async () => {
    const outcome = await refreshAgainst((response) => json(response, tokens), {
      readError: () => {
        throw new TypeError("unexpected shape");
      },
    });
    expect(outcome).toMatchObject({ kind: "tokens", tokenSets: { default: { refresh_token: "new" } } });
  });

  test.each([
    [400, "invalid_grant", "refused"],
    [401, "invalid_grant", "refused"],
    [403, "invalid_grant", "refused"],
    [401, "invalid_client", "rejected"],
  ])("F12 a WWW-Authenticate header under %d does not hide %s", async (status, error, kind) => {
    const outcome = await refreshAgainst((response) => {
      response.setHeader("www-authenticate", 'Basic realm="token", error="invalid_token"');
      json(response, { error, error_description: "d" }, status);
    });
    expect(outcome).toMatchObject({ kind, error: { error, errorDescription: "d" } });
  });

  test("F12 a page of a proxy leaves the grant as it is", async () => {
    const outcome = await refreshAgainst((response) =>
      response.writeHead(503, { "content-type": "text/html", "retry-after": "30" }).end("<h1>busy</h1>"),
    );
    expect(outcome).toMatchObject({ kind: "ambiguous", retryAt: new Date(now + 30_000) });
  });

  test("R29 a response over the limit is invalid", async () => {
    const outcome = await refreshAgainst((response) => response.end(Buffer.alloc(2 * 1024 * 1024, " ")));
    expect(outcome.kind).toBe("invalid");
  });

  test.each([301, 302, 307, 308])("R23 a redirect with %d is not followed", async (status) => {
    const second = await startServer((response) => json(response, tokens));
    const outcome = await refreshAgainst((response) => response.writeHead(status, { location: second.origin }).end());
    expect(outcome.kind).toBe("invalid");
    expect(second.requests).toEqual([]);
  });

  test("D7 a refused connection was not sent, a reset is ambiguous", async () => {
    const server = await startServer((_response, request) => request.socket.resetAndDestroy());
    expect((await refreshAt(server)).kind).toBe("ambiguous");
    await server.close();
    expect((await refreshAt(server)).kind).toBe("unsent");
  });

  test.each([
    ["an upper-case host", "https://LOGIN.example.com/refresh"],
    ["the default port", "https://login.example.com:443/refresh"],
    ["dots", "https://login.example.com/oauth/../refresh"],
    ["no path", "https://login.example.com"],
  ])("R45 keeps a rotated refresh token of an endpoint that is written with %s", async (_, refreshEndpoint) => {
    const own = exampleConnector({ refreshEndpoint });
    const target = serverOf(own, {});
    const outcome = await newEndpoint(async () => Response.json(tokens)).refresh(own, target, refreshRequest);
    expect(outcome).toMatchObject({ kind: "tokens", tokenSets: { default: { refresh_token: "new" } } });
    expect(target.refreshEndpoint).toBe(refreshEndpoint);
  });

  test("D7 an answer that cannot be judged is ambiguous: the refresh token may be spent", async () => {
    const outcome = await refreshAgainst((response) => json(response, tokens), {
      readTokens: () => ({
        get default(): never {
          throw new TypeError("The hook's answer cannot be read.");
        },
      }),
    });
    expect(outcome).toMatchObject({ kind: "ambiguous", answered: false, retryAt: new Date(now + 5_000) });
  });

  test("R45 a hook that gives null as its error has recognised none, and the tokens are kept", async () => {
    const outcome = await refreshAgainst((response) => json(response, tokens), {
      readError: () => null as unknown as undefined,
    });
    expect(outcome).toMatchObject({ kind: "tokens", tokenSets: { default: tokens } });
  });

  test("R54 a description that quotes the refresh token or the client secret is scrubbed of them", async () => {
    const quoting = "rt old, secret pass (word); rt old";
    const server = await startServer((response) =>
      json(response, { error: "invalid_grant", error_description: `Unknown: ${quoting}` }, 400),
    );
    const local = localConnector(server, { clientAuthentication: clientSecretPost("pass (word)") });
    const request = { ...refreshRequest, refreshToken: secretOf("rt old") };
    expect(await newEndpoint().refresh(local, serverOf(local, {}), request)).toEqual({
      kind: "refused",
      error: { error: "invalid_grant", errorDescription: "Unknown: [redacted], secret [redacted]; [redacted]" },
    });
  });

  test("R54 an error code that quotes the refresh token is scrubbed of it", async () => {
    const outcome = await refreshAgainst((response) => json(response, { error: "unknown_old" }, 400));
    expect(outcome).toEqual({ kind: "rejected", error: { error: "unknown_[redacted]" } });
  });

  test("R54 a secret that begins like another leaves no rest of it", async () => {
    const outcome = await refreshAgainst(
      (response) => json(response, { error: "invalid_client", error_description: "older than old" }, 400),
      { clientAuthentication: clientSecretPost("older") },
    );
    expect(outcome).toMatchObject({ error: { errorDescription: "[redacted] than [redacted]" } });
  });

  test("D7 sends one request, whatever comes back", async () => {
    for (const status of [200, 400, 401, 429, 500, 503]) {
      const server = await startServer((response) => json(response, {}, status));
      await refreshAt(server);
      expect(server.requests.length, `after ${status}`).toBe(1);
    }
  });

  test("R43 a real rotating provider: each refresh spends the token before it", async () => {
    const provider = await startProvider(connector);
    onTestFinished(provider.close);
    const [grant] = provider.seed({ count: 1 });
    const endpoint = newEndpoint();
    const server = await endpoint.server(provider.connector, {});
    let refreshToken = grant?.tokenSets["default"]?.refreshToken ?? "";
    for (let round = 0; round < 3; round++) {
      const outcome = await endpoint.refresh(provider.connector, server, {
        refreshToken: secretOf(refreshToken),
        tokenSet: "default",
        subject: undefined,
        maySend: always,
      });
      const next = outcome.kind === "tokens" ? outcome.tokenSets["default"]?.refresh_token : undefined;
      expect(next).toBeTypeOf("string");
      expect(next).not.toBe(refreshToken);
      refreshToken = next ?? "";
    }
    expect(provider.log.reuseDetected).toBe(0);
  });
});

describe("exchange", () => {
  test.each<[string, Record<string, string>]>([
    ["a state that is not the flow's", { code: "c", state: "other" }],
    ["an issuer that is not the flow's", { code: "c", state: "s", iss: "https://evil.example.com" }],
  ])("R6 %s is rejected before any request", async (_, response) => {
    const server = await startServer((sent) => json(sent, tokens));
    const local = localConnector(server, { issuer: server.origin });
    const outcome = await newEndpoint().exchange(local, serverOf(local, {}), {
      response: new URLSearchParams(response),
      redirectUri: "https://app.example.com/connect/example/callback",
      state: "s",
      nonce: undefined,
      codeVerifier: undefined,
      maxAge: undefined,
    });
    expect(outcome.kind).toBe("rejected");
    expect(server.requests).toEqual([]);
  });

  test("R2 sends code, redirect URI and verifier to the token endpoint", async () => {
    const server = await startServer((sent) => json(sent, tokens));
    const local = localConnector(server, { tokenParams: { extra: "1" } });
    const codeVerifier = randomVerifier();
    const outcome = await newEndpoint().exchange(local, serverOf(local, {}), {
      response: new URLSearchParams({ code: "c", state: "s", iss: "https://unknown.example.com" }),
      redirectUri: "https://app.example.com/connect/example/callback",
      state: "s",
      nonce: undefined,
      codeVerifier,
      maxAge: undefined,
    });
    expect(outcome.kind).toBe("tokens");
    expect(server.requests).toMatchObject([{ method: "POST", url: "/token" }]);
    expect(Object.fromEntries(new URLSearchParams(server.requests[0]?.body))).toEqual({
      grant_type: "authorization_code",
      code: "c",
      redirect_uri: "https://app.example.com/connect/example/callback",
      code_verifier: codeVerifier.reveal(),
      client_id: "client-1",
      client_secret: "client-secret-1",
      extra: "1",
    });
  });

  describe("with an ID token", () => {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = { ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" };

    function signed(issuer: string): string {
      const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
      const iat = Math.floor(now / 1000);
      const claims = { iss: issuer, aud: "client-1", sub: "ada", nonce: "n", iat, exp: iat + 60 };
      const input = `${part({ alg: "RS256", kid: "1" })}.${part(claims)}`;
      return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
    }

    /** Exchanges a code at a provider whose keys are answered in this way. */
    async function exchangeWithKeys(
      answerKeys: (response: ServerResponse, count: number) => void,
      endpoint = newEndpoint(),
    ) {
      let keyRequests = 0;
      const server = await startServer((response, request) => {
        if (request.url === "/keys") answerKeys(response, ++keyRequests);
        else json(response, { ...tokens, id_token: signed(server.origin) });
      });
      const local = localConnector(server, { issuer: server.origin, jwksUri: `${server.origin}/keys` });
      const outcome = await endpoint.exchange(local, serverOf(local, {}), {
        response: new URLSearchParams({ code: "c", state: "s" }),
        redirectUri: "https://app.example.com/connect/example/callback",
        state: "s",
        nonce: secretOf("n"),
        codeVerifier: undefined,
        maxAge: undefined,
      });
      return { outcome, keyRequests: () => keyRequests };
    }

    test("R37 keys that come at the third try do", async () => {
      const { outcome, keyRequests } = await exchangeWithKeys((response, count) => {
        if (count === 1) response.destroy();
        else json(response, count === 2 ? {} : { keys: [jwk] }, count === 2 ? 503 : 200);
      });
      expect(outcome.kind).toBe("tokens");
      expect(keyRequests()).toBe(3);
    });

    test("R37 without the keys the tokens are not used, and the provider is what is missing", async () => {
      const { outcome } = await exchangeWithKeys((response) => json(response, {}, 503));
      expect(outcome).toMatchObject({ kind: "invalid", keysUnavailable: true, tokenSets: { default: {} } });
      if (outcome.kind !== "invalid") throw new Error(outcome.kind);
      expect(tokenRequestError(outcome, "example", now)).toMatchObject({ code: "provider_unavailable" });
    });

    test.each<[string, (response: ServerResponse) => unknown]>([
      ["a redirect", (response) => response.writeHead(302, { location: "https://example.com/keys" }).end()],
      ["too large", (response) => response.end("x".repeat(2 * 1024 * 1024))],
    ])("R30 where the keys are %s, the answer is wrong, and they are not asked for again", async (_, answer) => {
      const { outcome, keyRequests } = await exchangeWithKeys(answer);
      expect(outcome).toMatchObject({ kind: "invalid", keysUnavailable: false });
      expect(keyRequests()).toBe(1);
    });

    test("R29 keys that have not come within the deadline are not waited for again", async () => {
      let tries = 0;
      const endpoint = newEndpoint(async (url, init) => {
        if (!url.endsWith("/keys")) return fetch(url, init);
        tries++;
        throw new DOMException("deadline", "TimeoutError");
      });
      const { outcome } = await exchangeWithKeys(() => undefined, endpoint);
      expect(outcome).toMatchObject({ kind: "invalid", keysUnavailable: true });
      expect(tries).toBe(1);
    });

    test("R37 with other keys the answer itself is wrong", async () => {
      const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
      const { outcome } = await exchangeWithKeys((response) =>
        json(response, { keys: [{ ...other, kid: "1", alg: "RS256", use: "sig" }] }),
      );
      expect(outcome).toMatchObject({ kind: "invalid", keysUnavailable: false });
    });
  });

  test("R54 a description that quotes code or verifier is scrubbed of them", async () => {
    const description = "code my-code, verifier my-verifier";
    const server = await startServer((sent) =>
      json(sent, { error: "invalid_grant", error_description: description }, 400),
    );
    const local = localConnector(server);
    const outcome = await newEndpoint().exchange(local, serverOf(local, {}), {
      response: new URLSearchParams({ code: "my-code", state: "s" }),
      redirectUri: "https://app.example.com/connect/example/callback",
      state: "s",
      nonce: undefined,
      codeVerifier: secretOf("my-verifier"),
      maxAge: undefined,
    });
    expect(outcome).toEqual({
      kind: "refused",
      error: { error: "invalid_grant", errorDescription: "code [redacted], verifier [redacted]" },
    });
  });
});

describe("authorizationUrl", () => {
  const request = {
    redirectUri: "https://app.example.com/connect/example/callback",
    state: "s",
    nonce: secretOf("n"),
    codeVerifier: randomVerifier(),
    hasRefreshToken: true,
    scopes: { default: connector.scopes },
  };

  test("R1 asks for a code, R2 with a S256 challenge, and shows neither verifier nor secret", async () => {
    const url = await newEndpoint().authorizationUrl(connector, serverOf(connector, {}), request);
    const parameters = Object.fromEntries(url.searchParams);
    expect(url.origin + url.pathname).toBe("https://login.example.com/authorize");
    expect(parameters).toMatchObject({
      response_type: "code",
      client_id: "client-1",
      redirect_uri: request.redirectUri,
      state: "s",
      nonce: "n",
      scope: "read",
      code_challenge_method: "S256",
    });
    expect(url.href).not.toContain(request.codeVerifier);
    expect(url.href).not.toContain("client-secret-1");
  });

  test("R1 R4 a connector's own parameters do not replace those of the flow", async () => {
    const greedy = exampleConnector({
      authorizationParams: {
        response_type: "token",
        client_id: "other",
        state: "fixed",
        redirect_uri: "https://evil.example.com",
        code_challenge_method: "plain",
        code_challenge: "fixed",
        access_type: "offline",
      },
    });
    const url = await newEndpoint().authorizationUrl(greedy, serverOf(greedy, {}), request);
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: "code",
      client_id: "client-1",
      state: "s",
      redirect_uri: request.redirectUri,
      code_challenge_method: "S256",
      access_type: "offline",
    });
    expect(url.searchParams.get("code_challenge")).not.toBe("fixed");
  });

  test("joins scopes by the connector's separator, and tells it whether there is a refresh token", async () => {
    const own = exampleConnector({
      scopes: ["a", "b"],
      scopeSeparator: ",",
      authorizationParams: ({ hasRefreshToken }) => ({ prompt: hasRefreshToken ? "none" : "consent" }),
    });
    const url = await newEndpoint().authorizationUrl(own, serverOf(own, {}), {
      ...request,
      scopes: { default: own.scopes },
    });
    expect(url.searchParams.get("scope")).toBe("a,b");
    expect(url.searchParams.get("prompt")).toBe("none");
  });
});

describe("random values", () => {
  test.each([
    ["verifiers", randomVerifier],
    ["nonces", randomNonce],
  ])("R3 %s hold 256 bits and are never the same", (_, make) => {
    const values = Array.from({ length: 10_000 }, () => make().reveal());
    expect(new Set(values).size).toBe(values.length);
    expect(values.every((value) => /^[A-Za-z0-9_-]{43}$/.test(value))).toBe(true);
  });
});

function newEndpoint(send: Fetch = fetch): TokenEndpoint {
  return createTokenEndpoint({ transport: transportOf(send), now: () => now });
}

function localConnector({ origin }: TestServer, change: Partial<Connector> = {}): Connector {
  return exampleConnector({
    loopback: true,
    authorizationEndpoint: `${origin}/authorize`,
    tokenEndpoint: `${origin}/token`,
    refreshEndpoint: `${origin}/refresh`,
    ...change,
  });
}

async function refreshAt(server: TestServer, change: Partial<Connector> = {}): Promise<TokenOutcome> {
  const local = localConnector(server, change);
  const target: Server = serverOf(local, {});
  return newEndpoint().refresh(local, target, refreshRequest);
}

async function refreshAgainst(
  respond: (response: ServerResponse) => void,
  change: Partial<Connector> = {},
): Promise<TokenOutcome> {
  return refreshAt(await startServer(respond), change);
}

/** The request that a refresh makes. */
async function refreshOnce(change: Partial<Connector>): Promise<ReceivedRequest> {
  const server = await startServer((response) => json(response, tokens));
  const outcome = await refreshAt(server, change);
  const [received, ...more] = server.requests;
  expect(outcome.kind).toBe("tokens");
  expect(more).toEqual([]);
  if (received === undefined) throw new Error("Nothing was received.");
  return received;
}

function basicOf(authorization = ""): string {
  return Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString("utf8");
}
