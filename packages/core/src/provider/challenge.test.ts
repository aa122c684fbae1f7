import { describe, expect, test } from "vitest";
import { parseChallenges, type TokenChallenge, tokenChallenge } from "./challenge.ts";

type Read = readonly (readonly [scheme: string, parameters: Readonly<Record<string, string>>])[];

function read(header: string): Read {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

describe("parseChallenges", () => {
  test.each<[string, Read]>([
    // RFC 9110, section 11.6.1
    [
      'Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""',
      [
        ["basic", { realm: "simple" }],
        ["newauth", { realm: "apps", type: "1", title: 'Login to "apps"' }],
      ],
    ],
    // RFC 6750, section 3
    [
      'Bearer realm="example", error="invalid_token", error_description="The access token expired"',
      [["bearer", { realm: "example", error: "invalid_token", error_description: "The access token expired" }]],
    ],
    // RFC 9449, section 7.1
    [
      'Bearer, DPoP algs="ES256 PS256"',
      [
        ["bearer", {}],
        ["dpop", { algs: "ES256 PS256" }],
      ],
    ],
    [
      "Negotiate YII/+9==, NTLM TlRM, Bearer error=invalid_token",
      [
        ["negotiate", {}],
        ["ntlm", {}],
        ["bearer", { error: "invalid_token" }],
      ],
    ],
    [
      " , ,Basic , , Bearer a=1,,b=2,, ",
      [
        ["basic", {}],
        ["bearer", { a: "1", b: "2" }],
      ],
    ],
    ['BEARER Error = "a" ,\tSCOPE\t=\tb', [["bearer", { error: "a", scope: "b" }]]],
    ['Bearer a="x, DPoP b=\\"y", c=1', [["bearer", { a: 'x, DPoP b="y', c: "1" }]]],
    ['Bearer a="\\\\", b=""', [["bearer", { a: "\\", b: "" }]]],
    ["Bearer a=1, a=2, A=3", [["bearer", { a: "1" }]]],
    ["Bearer", [["bearer", {}]]],
    ["", []],
  ])("R58 reads %s", (header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  test.each<[string, Read]>([
    ["Bearer resource_metadata=https://a.example/b", [["bearer", { resource_metadata: "https://a.example/b" }]]],
    ['Bearer realm="a" error="b"', [["bearer", { realm: "a", error: "b" }]]],
    ["Bearer nonce=ab==", [["bearer", { nonce: "ab==" }]]],
    ["Bearer a=, b=1", [["bearer", { b: "1" }]]],
    ["Bearer a==b, c=1", [["bearer", { c: "1" }]]],
    ['Bearer a="never ends, b=1', [["bearer", {}]]],
    ['Bearer a="ends in a backslash\\', [["bearer", {}]]],
    ['error=invalid_token, Bearer "error=a, DPoP b=c", d=1', [["bearer", { d: "1" }]]],
    ["a/b, Bearer c=1", [["bearer", { c: "1" }]]],
    ["Bearer a=1\u0000é; b=2", [["bearer", { a: "1\u0000é;", b: "2" }]]],
    ["{}@;", []],
  ])("R58 makes of what no server should send, %j, what can be made of it", (header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  test("R57 a parameter may have the name of any object's property", () => {
    const [challenge] = parseChallenges("Bearer __proto__=a, constructor=b");
    expect([...(challenge?.parameters ?? [])]).toEqual([
      ["__proto__", "a"],
      ["constructor", "b"],
    ]);
  });

  test.each([
    ["commas", ","],
    ["quotes", '"'],
    ["backslashes", "\\"],
    ["spaces", " "],
    ["equals signs", "="],
    ["challenges", "a "],
    ["parameters", "a=b,"],
    ["strings", 'a="\\"",'],
  ])("R58 of 1 MiB of %s, nothing is read", (_, piece) => {
    expect(parseChallenges(`Bearer a=b, ${piece.repeat(1024 * 1024)}`)).toEqual([]);
  });

  test("R58 reads 16 KiB, and nothing of more", () => {
    const header = `Bearer a="${"b".repeat(16 * 1024 - 11)}"`;
    expect(read(header)).toEqual([["bearer", { a: "b".repeat(16 * 1024 - 11) }]]);
    expect(read(`${header} `)).toEqual([]);
  });
});

describe("tokenChallenge", () => {
  const nothing: TokenChallenge = {
    error: undefined,
    scope: [],
    acrValues: [],
    maxAge: undefined,
    resourceMetadata: undefined,
  };

  test.each<[string, Partial<TokenChallenge>]>([
    ["Bearer", {}],
    ['Basic realm="a", dpop algs="ES256"', {}],
    [
      'Bearer error="insufficient_scope", scope="read  write:all"',
      { error: "insufficient_scope", scope: ["read", "write:all"] },
    ],
    [
      'Bearer error="insufficient_user_authentication", acr_values="phr  mfa", max_age="5"',
      { error: "insufficient_user_authentication", acrValues: ["phr", "mfa"], maxAge: 5 },
    ],
    [
      'Bearer error="invalid_token", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"',
      {
        error: "invalid_token",
        resourceMetadata: "https://api.example.com/.well-known/oauth-protected-resource",
      },
    ],
    ['Bearer scope="a", DPoP error="use_dpop_nonce", scope="b"', { error: "use_dpop_nonce", scope: ["b"] }],
    ['DPoP error="invalid_token", Bearer error="other"', { error: "invalid_token" }],
    ['Basic error="a", Bearer max_age=0', { maxAge: 0 }],
    ['Bearer error=""', {}],
  ])("R58 reads %s", (header, expected) => {
    expect(tokenChallenge(new Headers({ "www-authenticate": header }))).toEqual({ ...nothing, ...expected });
  });

  test.each(["-1", "1.5", "1e3", "soon", "0x10", "99999999999999999999", ""])("R12 reads no max_age of %j", (value) => {
    expect(tokenChallenge(new Headers({ "www-authenticate": `Bearer max_age="${value}"` }))).toEqual(nothing);
  });

  test("R55 an error with characters that no error has is none", () => {
    for (const error of ["a\tb", 'a\\"b', "é", "a\\\\b"]) {
      expect(tokenChallenge(new Headers({ "www-authenticate": `Bearer error="${error}"` }))).toEqual(nothing);
    }
  });

  test("R55 a control character parts the values of a list, and no URL holds one", () => {
    const header =
      'Bearer scope="a\u001bb\u0085c", acr_values="a\u001bb\u0085c", resource_metadata="https://a.example/\u001b"';
    expect(tokenChallenge(new Headers({ "www-authenticate": header }))).toEqual({
      ...nothing,
      scope: ["a", "b", "c"],
      acrValues: ["a", "b", "c"],
    });
  });

  test("R58 reads the challenges of several headers", () => {
    const headers = new Headers([
      ["www-authenticate", 'Basic realm="a"'],
      ["www-authenticate", "Bearer error=invalid_token"],
    ]);
    expect(tokenChallenge(headers)?.error).toBe("invalid_token");
  });

  test.each(["", "Basic realm=a", "Bearerish error=a", '"Bearer error=a"'])("there is none in %j", (header) => {
    expect(tokenChallenge(new Headers({ "www-authenticate": header }))).toBeUndefined();
    expect(tokenChallenge(new Headers())).toBeUndefined();
  });
});
