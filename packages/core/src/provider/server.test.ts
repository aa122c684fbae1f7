import { describe, expect, onTestFinished, test, vi } from "vitest";
import { exampleConnector } from "../test/connector.ts";
import { codeOf, errorOf } from "../test/errors.ts";
import { assertCallable, type DiscoveredMetadata, expandTemplate, isLoopback, serverOf } from "./server.ts";

describe("assertCallable", () => {
  test("R9 takes https", () => {
    expect(() => assertCallable(exampleConnector(), "x", "https://login.example.com/token")).not.toThrow();
  });

  test.each([
    "http://login.example.com/token",
    "http://127.0.0.1/token",
    "http://localhost/token",
    "https://user@login.example.com/token",
    "https://user:password@login.example.com/token",
    "ftp://login.example.com/token",
    "file:///etc/passwd",
    "data:,x",
    "javascript:alert(1)",
    "blob:https://login.example.com/x",
    "//login.example.com/token",
    "/token",
    "login.example.com",
    "https://",
    "https://login.example.com:99999",
    "",
  ])("R23 refuses %s", async (url) => {
    const error = await errorOf(() => assertCallable(exampleConnector(), "tokenEndpoint", url));
    expect(error.code).toBe("invalid_config");
    expect(error.message).not.toContain("password");
  });

  test.each(["http://127.0.0.1:81/token", "http://localhost:81/token", "http://[::1]:81/token", "http://127.9.9.9/"])(
    "R9 takes %s of a connector that startProvider gave back",
    (url) => {
      expect(() => assertCallable(exampleConnector({ loopback: true }), "x", url)).not.toThrow();
    },
  );

  test.each([
    "http://login.example.com/token",
    "http://127.0.0.1.evil.com/token",
    "http://localhost.evil.com/token",
    "http://evil.com/127.0.0.1",
    "http://127.0.0.1@evil.com/token",
    "http://[::ffff:127.0.0.1]/token",
    "http://0.0.0.0/token",
    "http://169.254.169.254/latest",
    "http://10.0.0.1/token",
    "http://2130706434.evil.com/",
  ])("R24 refuses %s although the connector is of the loopback", async (url) => {
    expect(await codeOf(() => assertCallable(exampleConnector({ loopback: true }), "x", url))).toBe("invalid_config");
  });

  test("R42 refuses the loopback under NODE_ENV=production", async () => {
    vi.stubEnv("NODE_ENV", "production");
    onTestFinished(() => void vi.unstubAllEnvs());
    const error = await errorOf(() => assertCallable(exampleConnector({ loopback: true }), "x", "http://127.0.0.1/"));
    expect(error.code).toBe("invalid_config");
    expect(error.message).toContain("production");
  });
});

describe("verification of certificates", () => {
  const check = () => codeOf(() => assertCallable(exampleConnector(), "x", "https://login.example.com/token"));

  test.each(["0", "1", undefined])("R42 NODE_TLS_REJECT_UNAUTHORIZED=%s in production", async (value) => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", value);
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await check()).toBeUndefined();
    vi.stubEnv("NODE_ENV", "production");
    expect(await check()).toBe(value === "0" ? "invalid_config" : undefined);
  });
});

describe("isLoopback", () => {
  test.each([
    ["localhost", true],
    ["127.0.0.1", true],
    ["127.255.255.255", true],
    ["[::1]", true],
    ["127.0.0.1.evil.com", false],
    ["x127.0.0.1", false],
    ["localhost.evil.com", false],
    ["[::]", false],
    ["0.0.0.0", false],
    ["128.0.0.1", false],
  ])("%s: %s", (hostname, expected) => {
    expect(isLoopback(hostname)).toBe(expected);
  });
});

describe("expandTemplate", () => {
  test("puts each param into every place of its name", () => {
    expect(expandTemplate("https://{shop}.x.com/{shop}/{id}", { shop: "a", id: "b" })).toBe("https://a.x.com/a/b");
  });

  test("takes a value as it stands, also one with a pattern of replace or a placeholder", () => {
    expect(expandTemplate("https://x.com/{a}/{b}", { a: "$&$1{b}", b: "c" })).toBe("https://x.com/$&$1{b}/c");
  });

  test("R57 takes no param from a prototype", () => {
    expect(expandTemplate("https://x.com/{constructor}", {})).toBe("https://x.com/{constructor}");
  });
});

describe("serverOf", () => {
  test("fills every endpoint with the params", () => {
    const connector = exampleConnector({
      authorizationEndpoint: "https://{shop}.example.com/authorize",
      tokenEndpoint: "https://{shop}.example.com/token",
      refreshEndpoint: "https://{shop}.example.com/refresh",
      revocationEndpoint: "https://{shop}.example.com/revoke",
      userinfoEndpoint: "https://{shop}.example.com/me",
      jwksUri: "https://{shop}.example.com/jwks",
      issuer: "https://{shop}.example.com",
      apiBaseUrl: "https://{shop}.example.com/api",
      apiOrigins: ["https://{shop}.example.com", "https://files.example.com"],
      params: { shop: /^[a-z]+$/ },
    });
    expect(serverOf(connector, { shop: "acme" })).toEqual({
      authorizationEndpoint: "https://acme.example.com/authorize",
      tokenEndpoint: "https://acme.example.com/token",
      refreshEndpoint: "https://acme.example.com/refresh",
      revocationEndpoint: "https://acme.example.com/revoke",
      userinfoEndpoint: "https://acme.example.com/me",
      jwksUri: "https://acme.example.com/jwks",
      issuer: "https://acme.example.com",
      issParameterSupported: false,
      requirePushedAuthorizationRequests: false,
      apiBaseUrl: "https://acme.example.com/api",
      apiOrigins: ["https://acme.example.com", "https://files.example.com"],
    });
  });

  test("refreshes at the token endpoint where there is no other", () => {
    expect(serverOf(exampleConnector(), {}).refreshEndpoint).toBe("https://login.example.com/token");
  });

  test("takes from the metadata what the connector does not state, and nothing else", () => {
    const connector = exampleConnector({
      authorizationEndpoint: undefined,
      tokenEndpoint: "https://own.example.com/t",
    });
    const server = serverOf(
      connector,
      {},
      {
        authorization_endpoint: "https://found.example.com/a",
        token_endpoint: "https://found.example.com/t",
        revocation_endpoint: "https://found.example.com/r",
        userinfo_endpoint: "https://found.example.com/u",
        jwks_uri: "https://found.example.com/j",
        authorization_response_iss_parameter_supported: true,
      },
    );
    expect(server).toMatchObject({
      authorizationEndpoint: "https://found.example.com/a",
      tokenEndpoint: "https://own.example.com/t",
      revocationEndpoint: "https://found.example.com/r",
      userinfoEndpoint: "https://found.example.com/u",
      jwksUri: "https://found.example.com/j",
      issParameterSupported: true,
    });
  });

  test.each<[unknown, readonly string[] | undefined]>([
    [
      ["RS256", "ES256", "EdDSA"],
      ["RS256", "ES256", "EdDSA"],
    ],
    [["none", "HS256", "xRS256", 256, null], []],
    ["RS256", undefined],
    [undefined, undefined],
  ])("R37 of the algorithms %j ID tokens may be signed by %j", (listed, expected) => {
    const metadata = { id_token_signing_alg_values_supported: listed } as DiscoveredMetadata;
    expect(serverOf(exampleConnector(), {}, metadata).idTokenAlgorithms).toEqual(expected);
  });

  test.each(["authorization_endpoint", "token_endpoint", "revocation_endpoint", "userinfo_endpoint", "jwks_uri"])(
    "R23 refuses metadata with a %s that is not https",
    async (name) => {
      const connector = exampleConnector({ authorizationEndpoint: undefined, tokenEndpoint: undefined });
      const metadata = {
        authorization_endpoint: "https://found.example.com/a",
        token_endpoint: "https://found.example.com/t",
        [name]: "http://found.example.com/x",
      };
      expect(await codeOf(() => serverOf(connector, {}, metadata))).toBe("invalid_config");
    },
  );

  test.each([1, null, ["https://found.example.com/a"], { href: "https://found.example.com/a" }])(
    "R57 refuses metadata with %j for a URL",
    async (value) => {
      const connector = exampleConnector({ authorizationEndpoint: undefined });
      const metadata = JSON.parse(JSON.stringify({ authorization_endpoint: value })) as DiscoveredMetadata;
      expect(await codeOf(() => serverOf(connector, {}, metadata))).toBe("invalid_response");
    },
  );

  test.each<[readonly string[] | undefined, boolean]>([
    [undefined, false],
    [["plain", "S256"], false],
    [["plain"], true],
    [["s256"], true],
    [[], true],
  ])("R2 methods of PKCE %j: lacks S256 is %s", (methods, lacks) => {
    const server = serverOf(exampleConnector(), {}, { code_challenge_methods_supported: methods });
    expect(server.lacksS256 === true).toBe(lacks);
  });

  test.each(["authorizationEndpoint", "tokenEndpoint"] as const)("refuses a connector without %s", async (name) => {
    const error = await errorOf(() => serverOf(exampleConnector({ [name]: undefined }), {}));
    expect(error.code).toBe("invalid_config");
    expect(error.message).toContain(name);
  });

  test.each(["https://{tenant}.example.com/token", "https://login.example.com/{tenant}/token"])(
    "R25 leaves no placeholder: %s without its param is refused",
    async (tokenEndpoint) => {
      expect(await codeOf(() => serverOf(exampleConnector({ tokenEndpoint }), {}))).toBe("invalid_config");
    },
  );
});
