import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  clientSecretBasic,
  clientSecretJwt,
  clientSecretPost,
  noClientAuthentication,
  privateKeyJwt,
} from "../connector/client-authentication.ts";
import type { Connector } from "../connector/types.ts";
import type { Grant } from "../grant/grant.ts";
import { connectorsOptions, exampleConnector } from "../test/connector.ts";
import { codeOf, errorOf } from "../test/errors.ts";
import { literals4, literals6, names, urls } from "../test/hostile-hosts.ts";
import { checkParams, createConnectors } from "./connectors.ts";

const options = connectorsOptions();

import { serverOf } from "./server.ts";

const shopConnector = exampleConnector({
  tokenEndpoint: "https://{shop}.myshopify.com/token",
  params: { shop: /^[a-z0-9][a-z0-9-]*$/ },
});

describe("createConnectors", () => {
  test("finds a connector by the application's key", async () => {
    const connector = exampleConnector();
    const connectors = createConnectors({ mine: connector }, options);
    expect(await connectors.get("mine", "ada")).toBe(connector);
  });

  test("tells a connector that is no longer there from one that is", async () => {
    const connector = exampleConnector();
    const connectors = createConnectors({ mine: connector }, options);
    expect(await connectors.find("mine", "ada")).toBe(connector);
    expect(await connectors.find("constructor", "ada")).toBeUndefined();
  });

  test.each(["other", "", "__proto__", "constructor", "toString", "mine "])(
    "R57 %j is not a connector",
    async (key) => {
      const connectors = createConnectors({ mine: exampleConnector() }, options);
      expect(await codeOf(() => connectors.get(key, "ada"))).toBe("invalid_request");
    },
  );

  test.each(["", "a/b", "a b", "-a", "a.b", "é", "a\n", "x".repeat(65), "callback"])(
    "refuses the key %j",
    async (key) => {
      expect(await codeOf(() => createConnectors({ [key]: exampleConnector() }, options))).toBe("invalid_config");
    },
  );

  test.each<[string, Partial<Connector>]>([
    ["no client id", { clientId: "" }],
    ["no client authentication", { clientAuthentication: undefined as never }],
    [
      "a secret that is a plain string",
      { clientAuthentication: { method: "client_secret_post", secret: "s" as never } },
    ],
    ["no secret for client_secret_post", { clientAuthentication: clientSecretPost(undefined as never) }],
    ["an empty secret for client_secret_basic", { clientAuthentication: clientSecretBasic("") }],
    ["an assertion for nobody", { clientAuthentication: clientSecretJwt("s") }],
    [
      "an assertion for nobody, by a key",
      { clientAuthentication: privateKeyJwt({ privateKey: "", algorithm: "ES256" }) },
    ],
    ["an API origin with a path", { apiOrigins: ["https://api.example.com/v1"] }],
    ["an API origin with a slash", { apiOrigins: ["https://api.example.com/"] }],
    ["an API origin over http", { apiOrigins: ["http://api.example.com"] }],
    ["an API origin with a user", { apiOrigins: ["https://user@api.example.com"] }],
    ["an API origin that is no URL", { apiOrigins: ["api.example.com"] }],
    ["an authorization endpoint over http", { authorizationEndpoint: "http://login.example.com/authorize" }],
    ["a token endpoint over http", { tokenEndpoint: "http://login.example.com/token" }],
    ["a token endpoint on the loopback", { tokenEndpoint: "http://127.0.0.1/token" }],
    ["a refresh endpoint over http", { refreshEndpoint: "http://login.example.com/refresh" }],
    ["a revocation endpoint over http", { revocationEndpoint: "http://login.example.com/revoke" }],
    ["a userinfo endpoint over http", { userinfoEndpoint: "http://login.example.com/me" }],
    ["keys over http", { jwksUri: "http://login.example.com/keys" }],
    ["an API base over http", { apiBaseUrl: "http://api.example.com" }],
    ["an API base that is no URL", { apiBaseUrl: "api.example.com/v1" }],
    ["an API base with a param that it lacks", { apiBaseUrl: "https://{shop}.example.com" }],
    ["an issuer over http", { issuer: "http://login.example.com" }],
    [
      "an issuer over http to be asked",
      { issuer: "http://login.example.com", tokenEndpoint: undefined, authorizationEndpoint: undefined },
    ],
    ["neither a token endpoint nor an issuer", { tokenEndpoint: undefined }],
    ["a scope with a space", { scopes: ["read write"] }],
    ["a scope with a quote", { scopes: ['re"ad'] }],
    ["a scope with a backslash", { scopes: ["re\\ad"] }],
    ["a scope with a newline", { scopes: ["read\n"] }],
    ["an empty scope", { scopes: [""] }],
  ])("refuses %s", async (_, change) => {
    expect(await codeOf(() => createConnectors({ mine: exampleConnector(change) }, options))).toBe("invalid_config");
  });

  test("takes a public client without a secret", async () => {
    const connector = exampleConnector({ clientAuthentication: noClientAuthentication });
    expect(await createConnectors({ mine: connector }, options).find("mine", "ada")).toBe(connector);
  });

  test.each([/[a-z]+/, /^[a-z]+/, /[a-z]+$/, /^[a-z]+$/m, /^[a-z]+$/g, /^[a-z]+$/y])(
    "R25 refuses the pattern %s, which is not anchored",
    async (pattern) => {
      const connector = exampleConnector({ params: { shop: pattern } });
      expect(await codeOf(() => createConnectors({ mine: connector }, options))).toBe("invalid_config");
    },
  );

  test.each<[RegExp, string]>([
    [/^[a-z]+|evil$/, "a/evil"],
    [/^[a-z]+$|evil.com|^x$/, "a.evil.com/"],
    [/^(?:[a-z]+$|.*\/)|^$/, "evil.com/x"],
    [/^[a-z]+\$/, "a$.evil.com"],
  ])("R25 the pattern %s, which only looks anchored, does not let %j pass", async (pattern, value) => {
    const connector = exampleConnector({ params: { shop: pattern } });
    const start = (): unknown =>
      createConnectors({ mine: connector }, options) && checkParams(connector, { shop: value });
    expect(await codeOf(start)).toMatch(/^invalid_(config|request)$/);
  });

  test.each([/^[a-z]+$/, /^(?:eu|us)$/, /^[a-z$|]+$/i, /^a\\$/, /^[\w-]{1,63}$/u])(
    "R25 takes the anchored pattern %s",
    async (pattern) => {
      const connector = exampleConnector({ params: { shop: pattern } });
      expect(await createConnectors({ mine: connector }, options).find("mine", "ada")).toBe(connector);
    },
  );

  test("R23 takes endpoints that an issuer is to name", async () => {
    const connector = exampleConnector({
      issuer: "https://{tenant}.example.com",
      params: { tenant: /^[a-z]+$/ },
      tokenEndpoint: undefined,
      authorizationEndpoint: undefined,
    });
    expect(await createConnectors({ mine: connector }, options).find("mine", "ada")).toBe(connector);
  });

  test("R9 takes endpoints on the loopback of a connector that startProvider gave back", async () => {
    const connector = exampleConnector({ loopback: true, tokenEndpoint: "http://127.0.0.1:81/token" });
    expect(await createConnectors({ mine: connector }, options).find("mine", "ada")).toBe(connector);
  });

  test("takes an API origin with a param in its host", async () => {
    const connector = exampleConnector({ apiOrigins: ["https://{shop}.example.com"], params: { shop: /^[a-z]+$/ } });
    expect(await createConnectors({ mine: connector }, options).find("mine", "ada")).toBe(connector);
  });
});

describe("assertSameClient", () => {
  const connector = exampleConnector({ issuer: "https://login.example.com" });
  const server = serverOf(connector, {});
  const connectors = createConnectors({ mine: connector }, options);
  const grant: Grant = {
    connector: "mine",
    owner: "owner",
    params: {},
    issuer: "https://login.example.com",
    tokenEndpoint: "https://login.example.com/token",
    clientId: "client-1",
    tokenSets: {},
    requestedScopes: {},
    account: undefined,
    subject: undefined,
    metadata: {},
    ended: {},
    connectedAt: 0,
    refreshedAt: undefined,
  };

  test("I6 lets the client pass that the grant was given to", async () => {
    expect(() => connectors.assertSameClient(grant, connector, server)).not.toThrow();
  });

  test.each<[string, Partial<Grant>]>([
    ["client", { clientId: "client-2" }],
    ["token endpoint", { tokenEndpoint: "https://login.example.com/token/" }],
    ["issuer", { issuer: "https://login.example.com/" }],
    ["issuer, once unknown,", { issuer: undefined }],
  ])("I6 refuses a grant of another %s", async (_, change) => {
    const error = await errorOf(() => connectors.assertSameClient({ ...grant, ...change }, connector, server));
    expect(error).toMatchObject({ code: "invalid_config", connector: "mine" });
  });
});

describe("checkParams", () => {
  test("gives back the params that the connector names", async () => {
    expect(checkParams(shopConnector, { shop: "acme-1" })).toEqual({ shop: "acme-1" });
    expect(checkParams(exampleConnector())).toEqual({});
  });

  test("refuses a missing param", async () => {
    expect(await codeOf(() => checkParams(shopConnector))).toBe("invalid_request");
    expect(await codeOf(() => checkParams(shopConnector, {}))).toBe("invalid_request");
  });

  test.each(["other", "constructor", "toString"])("refuses the unknown param %s", async (name) => {
    expect(await codeOf(() => checkParams(shopConnector, { shop: "acme", [name]: "acme" }))).toBe("invalid_request");
    expect(await codeOf(() => checkParams(exampleConnector(), { [name]: "acme" }))).toBe("invalid_request");
  });

  test("R57 takes no param from a prototype", async () => {
    const params = Object.create({ shop: "acme" }) as Record<string, string>;
    expect(await codeOf(() => checkParams(shopConnector, params))).toBe("invalid_request");
    const named = exampleConnector({ params: { constructor: /^.*$/ } });
    expect(await codeOf(() => checkParams(named, {}))).toBe("invalid_request");
  });

  test.each([7, null, ["acme"], { toString: () => "acme" }])("R25 refuses %o, which is not text", async (value) => {
    const params = { shop: value } as unknown as Record<string, string>;
    expect(await codeOf(() => checkParams(shopConnector, params))).toBe("invalid_request");
  });

  const hostile = [
    "evil.com/",
    "evil.com/.myshopify.com",
    "evil.com#",
    "evil.com?",
    "evil.com\\",
    "evil.com:443",
    "a.myshopify.com.evil.com",
    "a.evil.com",
    "user@evil.com",
    "@evil.com",
    "@",
    "user:password@",
    "аcme",
    "bücher",
    "xn--.",
    "acme。evil",
    "acme．evil",
    "ａcme",
    "acme\u200b",
    "acme\u0000",
    "\u0000",
    "acme\n",
    "\nacme",
    "acme\r\nhost: evil.com",
    "acme\t",
    "acme ",
    " acme",
    "acme%2eevil",
    "acme%00",
    "acme%0d%0a",
    "acme/",
    "acme//evil.com",
    "../evil",
    "..",
    ".",
    "-acme",
    "[::1]",
    "127.0.0.1",
    "169.254.169.254/",
    "{shop}",
    "$&",
    "ACME",
    "",
    "a".repeat(256),
  ];

  const hosts = [...literals4, ...literals6, ...names, ...urls].filter((host) => !hostile.includes(host));

  // The others are names like any tenant's: localhost.myshopify.com is Shopify's.
  test.each(hosts.filter((host) => !/^[a-z0-9][a-z0-9-]*$/.test(host)))("R25 refuses the tenant %j", async (shop) => {
    expect(await codeOf(() => checkParams(shopConnector, { shop }))).toBe("invalid_request");
  });

  test.each([
    "evil.com/.myshopify.com",
    "evil.com#.myshopify.com",
    "evil.com?.myshopify.com",
    "evil.com:443/.myshopify.com",
    "evil.com\\.myshopify.com",
    "evil.com@",
    "user:password@evil.com",
    "evil.com%2f",
    "evil.com%23",
    "evil.com%3f",
    "evil.com%40",
    "evil.com%5c",
    "evil.com%00",
    "evil.com\u0000",
    "evil.com\n",
    "evil.com\r\n",
    "evil.com\u2028",
    "evil.com ",
    "[::1]:443",
    "127.0.0.1:443",
    "127.0.0.1/",
    "a/../b",
    "..",
  ])("R25 refuses the host %j, though the pattern takes anything and the fetch guards", async (host) => {
    const open = exampleConnector({ tokenEndpoint: "https://{host}/token", params: { host: /^.*$/s } });
    expect(await createConnectors({ mine: open }, connectorsOptions(true)).get("mine", "ada")).toBe(open);
    expect(await codeOf(() => checkParams(open, { host }))).toBe("invalid_request");
  });

  test.each(hostile)("R25 refuses the tenant %j", async (shop) => {
    expect(await codeOf(() => checkParams(shopConnector, { shop }))).toBe("invalid_request");
  });

  test.each([":", "a:b", ":443", ".", ".."])("R25 refuses %j, whatever the pattern says", async (value) => {
    const open = exampleConnector({ params: { shop: /^.*$/ } });
    expect(await codeOf(() => checkParams(open, { shop: value }))).toBe("invalid_request");
    expect(checkParams(open, { shop: "a.b" })).toEqual({ shop: "a.b" });
  });

  test("R25 whatever it accepts stays a host of the provider", async () => {
    const piece = fc.constantFrom("acme", "evil", ".", "/", "\\", "@", ":", "-", "%", "?", "#", "\n", "\t", "\0", "é");
    const shop = fc.oneof(
      fc.string(),
      fc.string({ unit: "grapheme" }),
      fc.array(piece).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(shop, (value) => {
        let params: Readonly<Record<string, string>>;
        try {
          params = checkParams(shopConnector, { shop: value });
        } catch {
          return;
        }
        const host = new URL(serverOf(shopConnector, params).tokenEndpoint).hostname;
        expect(host).toBe(`${value}.myshopify.com`);
      }),
    );
  });

  test("R54 the message shows nothing of the value", async () => {
    const error = await errorOf(() => checkParams(shopConnector, { shop: "S3CR3T\n" }));
    expect(error.message).not.toContain("S3CR3T");
  });
});
