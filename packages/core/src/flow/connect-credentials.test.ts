import { generateKeyPairSync } from "node:crypto";
import type { startProvider } from "@grantkeeper/testing";
import { afterEach, describe, expect, test } from "vitest";
import {
  apiKey,
  basicCredentials,
  type Connector,
  clientCredentials,
  jwtBearer,
  noClientAuthentication,
  tokenExchange,
} from "../connector/index.ts";
import { exampleConnector } from "../test/connector.ts";
import { closeWorlds, codeOf, createWorld } from "../test/harness.ts";

type ProviderOptions = NonNullable<Parameters<typeof startProvider>[1]>;

afterEach(closeWorlds);

const identified = { userinfoEndpoint: "https://api.example.com/v1/me" };
const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

async function world(change: Partial<Connector>, options: ProviderOptions) {
  return createWorld(exampleConnector(change) as Connector<never, never, string>, options);
}

describe("an API key", () => {
  const change: Partial<Connector> = {
    ...identified,
    credentials: apiKey(),
    tokenHeader: "x-api-key",
    authorizationEndpoint: undefined,
    tokenEndpoint: undefined,
  };
  const options: ProviderOptions = { apiKeys: [{ key: "key-of-ada-1234567890", accountId: "1001" }] };

  async function keyed(key = "key-of-ada-1234567890") {
    const { keeper, provider, store, another } = await world(change, options);
    const connection = await keeper.connect("main", { owner: "ada", credentials: { apiKey: key } });
    return { keeper, provider, store, another, connection };
  }

  test("is kept once the provider has said whose it is, and calls carry it", async () => {
    const { connection, provider } = await keyed();
    expect(await connection.status()).toMatchObject({ state: "active", account: { id: expect.any(String) } });
    expect(await connection.token()).toMatchObject({ accessToken: "key-of-ada-1234567890", expiresAt: undefined });
    expect((await connection.fetch("me")).status).toBe(200);
    expect(provider.log.apiRequests.map(({ credential }) => credential)).toEqual(["apiKey", "apiKey"]);
    expect(await connection.disconnect()).toEqual({ revocation: "unsupported" });
  });

  test("one that the provider does not accept is credentials_refused, and nothing is stored", async () => {
    const { keeper } = await world(change, options);
    const refused = keeper.connect("main", { owner: "ada", credentials: { apiKey: "wrong-key-123456" } });
    const failure = await refused.catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "credentials_refused", remedy: "fix_input" });
    expect(JSON.stringify(failure)).not.toContain("wrong-key-123456");
    for await (const connection of keeper.connections()) expect(connection).toBeUndefined();
  });

  test("the same account again gets the new key, in the same connection", async () => {
    const both = { ...options, apiKeys: [...(options.apiKeys ?? []), { key: "second-key", accountId: "1001" }] };
    const { keeper } = await world(change, both);
    const first = await keeper.connect("main", { owner: "ada", credentials: { apiKey: "key-of-ada-1234567890" } });
    const second = await keeper.connect("main", { owner: "ada", credentials: { apiKey: "second-key" } });
    expect(second.id).toBe(first.id);
    expect((await second.token()).accessToken).toBe("second-key");
  });

  test("one of another account is account_mismatch for a connection that is named", async () => {
    const both = { ...options, apiKeys: [...(options.apiKeys ?? []), { key: "of-another", accountId: "1002" }] };
    const { keeper } = await world(change, both);
    const first = await keeper.connect("main", { owner: "ada", credentials: { apiKey: "key-of-ada-1234567890" } });
    const other = { owner: "ada", connectionId: first.id, credentials: { apiKey: "of-another" } };
    expect(await codeOf(keeper.connect("main", other))).toBe("account_mismatch");
    expect((await first.token()).accessToken).toBe("key-of-ada-1234567890");
    expect(await codeOf(keeper.connect("main", { ...other, owner: "bob" }))).toBe("not_connected");
  });

  test("R54 lies sealed in the store", async () => {
    const { connection, store } = await keyed();
    const row = await store.get(connection.id);
    expect(Buffer.from(row?.sealed ?? []).toString("latin1")).not.toContain("key-of-ada");
  });

  test.each([
    [{}],
    [{ apiKey: "" }],
    [{ apiKey: "has space" }],
    [{ apiKey: "line\nbreak" }],
    [{ apiKey: 7 as never }],
    [{ apiKey: "good", other: "more" }],
  ])("%j is invalid_request, before any request", async (credentials) => {
    const { keeper, provider } = await world(change, options);
    expect(await codeOf(keeper.connect("main", { owner: "ada", credentials }))).toBe("invalid_request");
    expect(provider.log.apiRequests).toEqual([]);
  });

  test("has no sign-in in a browser", async () => {
    const { keeper } = await world(change, options);
    expect(await codeOf(keeper.start("main", { owner: "ada" }))).toBe("invalid_request");
  });

  test("a key that was revoked ends the connection when the API has refused it", async () => {
    let revoked = false;
    const refused = { status: 401, json: {} };
    const { keeper, clock } = await world(change, {
      ...options,
      faults: { api: () => (revoked ? refused : undefined) },
    });
    const credentials = { apiKey: "key-of-ada-1234567890" };
    const connection = await keeper.connect("main", { owner: "ada", credentials });
    revoked = true;
    clock.advance(60);
    expect(await codeOf(connection.fetch("me"))).toBe("reauthorization_required");
    revoked = false;
    const again = await keeper.connect("main", { owner: "ada", connectionId: connection.id, credentials });
    expect((await again.status()).state).toBe("active");
  });

  test("without an endpoint to check it, a keeper refuses the connector", async () => {
    const unchecked = { ...change, userinfoEndpoint: undefined };
    expect(await codeOf(world(unchecked, options))).toBe("invalid_config");
  });
});

describe("a name and a password", () => {
  test("travel by HTTP Basic, in UTF-8", async () => {
    const basic = [{ username: "ada", password: "p:ä ss", accountId: "1001" }];
    const { keeper, provider } = await world(
      { ...identified, credentials: basicCredentials() },
      { basicCredentials: basic },
    );
    const connection = await keeper.connect("main", {
      owner: "ada",
      credentials: { username: "ada", password: "p:ä ss" },
    });
    expect((await connection.fetch("me")).status).toBe(200);
    expect(provider.log.apiRequests.map(({ credential }) => credential)).toEqual(["basic", "basic"]);
    const colon = keeper.connect("main", { owner: "ada", credentials: { username: "a:b", password: "p" } });
    expect(await codeOf(colon)).toBe("invalid_request");
  });
});

describe("the client's own access", () => {
  async function world(change: Partial<Connector>, options: ProviderOptions) {
    return createWorld(exampleConnector(change) as Connector<never, never, never>, options);
  }
  const change: Partial<Connector> = { credentials: clientCredentials() };
  const options: ProviderOptions = { grants: { clientCredentials: {} } };

  test("is kept and shared: one request for a thousand callers in two keepers, and one connection", async () => {
    const { keeper, provider, another, clock } = await world(change, options);
    const { id } = await keeper.connect("main", { owner: "the-app" });
    expect((await keeper.connect("main", { owner: "the-app" })).id).toBe(id);
    clock.advance(3600);
    provider.log.clear();
    const other = another();
    const callers = Array.from({ length: 1_000 }, (_, index) =>
      (index % 2 === 0 ? keeper : other).connection("main", { owner: "the-app" }).token(),
    );
    const tokens = new Set((await Promise.all(callers)).map(({ accessToken }) => accessToken));
    expect(tokens.size).toBe(1);
    expect(provider.log.tokenRequests.map(({ grantType }) => grantType)).toEqual(["client_credentials"]);
    await other.close();
  });

  test("shows the client as its account, and that it can be renewed without anybody", async () => {
    const { keeper } = await world(change, options);
    const connection = await keeper.connect("main", { owner: "the-app" });
    expect(await connection.status()).toMatchObject({
      account: { id: "client-1" },
      tokenSets: { default: { refreshable: true } },
    });
  });

  test("F12 an outage, or a client that is refused for a while, costs no connection", async () => {
    let fault: { readonly status: number; readonly json: object } | undefined;
    const { keeper, clock } = await world(change, {
      ...options,
      faults: { before: () => fault as never },
    });
    const connection = await keeper.connect("main", { owner: "the-app" });
    clock.advance(3600);
    fault = { status: 503, json: {} };
    expect(await codeOf(connection.token())).toBe("provider_unavailable");
    clock.advance(60);
    fault = { status: 401, json: { error: "invalid_client" } };
    expect(await codeOf(connection.token())).toBe("provider_rejected");
    clock.advance(60);
    fault = undefined;
    expect((await connection.token()).accessToken).not.toBe("");
  });

  test("F12 one connection that cannot be renewed holds no other one back", async () => {
    let isDown = false;
    const { keeper, clock } = await world(change, {
      ...options,
      faults: { before: () => (isDown ? { status: 503 } : undefined) },
    });
    const [ada, bob] = [await keeper.connect("main", { owner: "ada" }), await keeper.connect("main", { owner: "bob" })];
    clock.advance(3600);
    isDown = true;
    expect(await codeOf(ada.token())).toBe("provider_unavailable");
    isDown = false;
    expect((await bob.token()).accessToken).not.toBe("");
  });

  test("a token that the API refused is asked for anew", async () => {
    const { keeper, clock } = await world(change, options);
    const connection = await keeper.connect("main", { owner: "the-app" });
    const { accessToken } = await connection.token();
    clock.advance(60);
    expect((await connection.token({ rejected: accessToken })).accessToken).not.toBe(accessToken);
  });
});

describe("an assertion", () => {
  const credentials = jwtBearer<"email" | "key">(
    { email: /^[^\s]{1,255}$/, key: /^-----BEGIN [\s\S]+$/ },
    ({ credentials: { email, key }, tokenEndpoint }) => ({
      key: { privateKey: key, algorithm: "RS256" },
      claims: { iss: email, sub: email, aud: tokenEndpoint },
    }),
  );
  const change: Partial<Connector> = {
    credentials,
    identify: { read: (input) => ({ id: input.credentials["email"] ?? "" }) },
  };
  const email = "sam@example.com";
  const options: ProviderOptions = {
    grants: { jwtBearer: { issuers: { [email]: publicKey }, audience: "tokenEndpoint" } },
  };
  const given = { owner: "ada", credentials: { email, key: privateKey } };

  test("R50 gives tokens again and again, from a key that is kept sealed", async () => {
    const { keeper, provider, clock, store } = await world(change, options);
    const connection = await keeper.connect("main", given);
    const { accessToken } = await connection.token();
    clock.advance(3600);
    expect((await connection.token()).accessToken).not.toBe(accessToken);
    expect(provider.log.tokenRequests.map(({ outcome }) => outcome)).toEqual(["issued", "issued"]);
    const row = await store.get(connection.id);
    expect(Buffer.from(row?.sealed ?? []).toString("latin1")).not.toContain("PRIVATE");
    expect(JSON.stringify(await connection.status())).not.toContain("PRIVATE");
  });

  test("R50 a refusal is not tried again, nor in any other way, and ends the connection", async () => {
    let isRefused = false;
    const { keeper, provider, clock } = await world(change, {
      ...options,
      faults: { before: () => (isRefused ? { status: 400, json: { error: "invalid_grant" } } : undefined) },
    });
    const connection = await keeper.connect("main", given);
    provider.log.clear();
    clock.advance(3600);
    isRefused = true;
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
    expect(provider.log.tokenRequests.length).toBe(1);
    expect((await connection.status()).tokenSets["default"]).toMatchObject({ ended: "revoked", refreshable: false });
    isRefused = false;
    await keeper.connect("main", { ...given, connectionId: connection.id });
    expect((await connection.status()).state).toBe("active");
  });

  test("R50 a key that the provider does not know is credentials_refused", async () => {
    const { keeper } = await world(change, { grants: { jwtBearer: { issuers: {} } } });
    expect(await codeOf(keeper.connect("main", given))).toBe("credentials_refused");
  });

  test("R50 what is no key at all is invalid_config, before any request", async () => {
    const { keeper, provider } = await world(change, options);
    const wrong = { ...given, credentials: { email, key: "-----BEGIN NOTHING-----" } };
    expect(await codeOf(keeper.connect("main", wrong))).toBe("invalid_config");
    expect(provider.log.tokenRequests).toEqual([]);
  });
});

describe("an assertion of a client that has no secret", () => {
  test("R50 goes alone: what it holds says who asks", async () => {
    const credentials = jwtBearer({}, ({ clientId, tokenEndpoint }) => ({
      key: { privateKey, algorithm: "RS256" },
      claims: { iss: clientId, sub: "1001", aud: tokenEndpoint },
    }));
    const change = { credentials, clientAuthentication: noClientAuthentication };
    const { keeper, provider } = await world(change, {
      grants: { jwtBearer: { issuers: { "client-1": publicKey }, audience: "tokenEndpoint" } },
    });
    await keeper.connect("main", { owner: "ada", credentials: {} });
    expect(provider.log.tokenRequests).toMatchObject([{ clientId: undefined, outcome: "issued" }]);
  });
});

describe("a request with a signed bearer token", () => {
  type Times = { readonly iat?: number; readonly exp?: number };
  const key = { privateKey, algorithm: "RS256" } as const;
  const presented: { readonly authorization: string; readonly claims: Times | undefined }[] = [];
  let refusal: ((authorization: string) => object) | undefined;
  const emulation: Connector["emulation"] = async () => ({
    accounts: [
      { id: "1001", name: "Ada" },
      { id: "1002", name: "Bob" },
    ],
    routes: [
      {
        method: "POST",
        url: "https://api.example.com/v1/tokens",
        handle: ({ assertion, headers, issue }) => {
          const authorization = headers.get("authorization") ?? "";
          presented.push({ authorization, claims: assertion as Times | undefined });
          if (refusal !== undefined) return { status: 400, json: refusal(authorization) as never };
          const issued = assertion && issue("1001", ["read"]);
          if (issued?.expiresAt === undefined) return { status: 401, json: { error: "invalid_client" } };
          const { accessToken, expiresAt } = issued;
          return { status: 201, json: { access_token: accessToken, expires_at: new Date(expiresAt).toISOString() } };
        },
      },
    ],
    exampleCall: { path: "me" },
  });
  // Absolute, so that it reaches the emulator only if that moves it.
  const url = "https://api.example.com/v1/tokens";
  const asks = (more: object): Partial<Connector> => ({
    emulation,
    userinfoEndpoint: "https://api.example.com/v1/me",
    credentials: {
      kind: "kept",
      fields: {},
      request: () => ({ request: { url, method: "POST" }, bearer: { key, claims: { iss: "app-1" }, ...more } }),
    },
  });
  const options: ProviderOptions = { grants: { signedRequest: { issuers: { "app-1": publicKey } } } };
  afterEach(() => {
    presented.length = 0;
    refusal = undefined;
  });

  test("gives a token that lasts until the date that came with it, and another one then", async () => {
    const { keeper, clock, provider } = await world(asks({}), options);
    const began = clock.now();
    const connection = await keeper.connect("main", { owner: "ada", credentials: {} });
    const { accessToken, expiresAt } = await connection.token();
    const seconds = (Number(expiresAt) - began) / 1000;
    expect(seconds).toBeGreaterThan(3598);
    expect(seconds).toBeLessThan(3660);
    expect(await connection.status()).toMatchObject({ account: { id: "1001" } });
    clock.advance(3601);
    expect((await connection.token()).accessToken).not.toBe(accessToken);
    expect(provider.log.apiRequests.filter(({ method }) => method === "POST")).toHaveLength(2);
  });

  test("R53 is dated back as far as the connector says, and lasts no longer for that", async () => {
    const { keeper, clock } = await world(asks({ backdated: 60, lifetime: 600 }), options);
    const before = Math.floor(clock.now() / 1000);
    await keeper.connect("main", { owner: "ada", credentials: {} });
    const { iat = 0, exp = 0 } = presented[0]?.claims ?? {};
    expect(exp - iat).toBe(600);
    expect(iat + 60).toBeGreaterThanOrEqual(before);
    expect(iat + 60).toBeLessThanOrEqual(Math.floor(clock.now() / 1000));
  });

  test("R54 is not shown where the provider quotes it in a refusal", async () => {
    const { keeper } = await world(asks({}), options);
    refusal = (authorization) => ({
      error: "invalid_grant",
      error_description: `cannot read ${authorization.slice(7)}`,
    });
    const failure: unknown = await keeper
      .connect("main", { owner: "ada", credentials: {} })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "credentials_refused" });
    const [, payload = "", signature = ""] = presented[0]?.authorization.split(".") ?? [];
    expect(signature).not.toBe("");
    for (const part of [payload, signature]) expect(String(failure)).not.toContain(part);
  });

  test("R50 of an issuer that the provider does not know costs no connection", async () => {
    const { keeper } = await world(asks({}), { grants: { signedRequest: { issuers: {} } } });
    expect(await codeOf(keeper.connect("main", { owner: "ada", credentials: {} }))).toBe("provider_rejected");
  });
});

describe("a token in exchange", () => {
  const jwt = "urn:ietf:params:oauth:token-type:jwt";
  const change: Partial<Connector> = { ...identified, credentials: tokenExchange({ subjectTokenType: jwt }) };
  const options: ProviderOptions = {
    grants: { tokenExchange: { subjectTokens: [{ token: "session-token", type: jwt, accountId: "1002" }] } },
  };

  test("R49 gives the tokens of its account, and is not kept", async () => {
    const { keeper, provider, clock } = await world(change, options);
    const connection = await keeper.connect("main", { owner: "ada", credentials: { subjectToken: "session-token" } });
    expect(await connection.status()).toMatchObject({ account: { id: "1002" } });
    expect((await connection.fetch("me")).status).toBe(200);
    clock.advance(3700);
    expect(await codeOf(connection.token())).toBe("reauthorization_required");
    expect(provider.log.tokenRequests.length).toBe(1);
  });

  test("R49 one that the provider does not take is told as such, without it", async () => {
    const { keeper } = await world(change, options);
    const failure = await keeper
      .connect("main", { owner: "ada", credentials: { subjectToken: "another-session-token" } })
      .catch((error: unknown) => error);
    expect(["credentials_refused", "provider_rejected"]).toContain((failure as { code: string }).code);
    expect(String(failure)).not.toContain("another-session-token");
  });
});
