import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import {
  type AssertionKey,
  type ClientAuthentication,
  clientSecretBasic,
  clientSecretJwt,
  privateKeyJwt,
} from "../connector/client-authentication.ts";
import { authenticator } from "./client-authentication.ts";

const issuer = "https://login.example.com";
const clientId = "client-1";
const secret = "a-secret-of-thirty-two-bytes-or-so";
const now = Date.UTC(2026, 10, 26, 12);

const pairs = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  PS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: generateKeyPairSync("ed25519"),
} as const;
type Algorithm = keyof typeof pairs;

const pemOf = (algorithm: Algorithm): string =>
  pairs[algorithm].privateKey.export({ type: "pkcs8", format: "pem" }).toString();

interface Assertion {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

/** What is written into a request, with its assertion taken apart. */
async function prove(authentication: ClientAuthentication, at = now): Promise<Assertion & { body: URLSearchParams }> {
  const body = new URLSearchParams();
  const headers = new Headers();
  await authenticator(authentication, () => at)({ issuer }, { client_id: clientId }, body, headers);
  expect([...headers]).toEqual([]);
  const [head = "", claims = "", signature = ""] = (body.get("client_assertion") ?? "").split(".");
  const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  const signed = Buffer.from(`${head}.${claims}`);
  return { body, header: read(head), payload: read(claims), signed, signature: Buffer.from(signature, "base64url") };
}

/** By node:crypto alone. */
function holds(algorithm: Algorithm, key: KeyObject, { signed, signature }: Assertion): boolean {
  const padding = algorithm === "PS256" ? { padding: 6, saltLength: 32 } : {};
  const how = { key, dsaEncoding: "ieee-p1363" as const, ...padding };
  return verify(algorithm === "EdDSA" ? null : "sha256", signed, how, signature);
}

describe("a secret in a header", () => {
  test.each([
    // RFC 6749, section 2.3.1: each of the two is encoded as in a form.
    ["rfc6749", { "a:b+c": "a%3Ab%2Bc:s+%2F%25%C3%BC", other: "other:s+%2F%25%C3%BC" }],
    ["raw", { "a:b+c": "a:b+c:s /%ü", other: "other:s /%ü" }],
  ] as const)("R33 is each client's own, and the same each time (%s)", async (encoding, expected) => {
    const authenticate = authenticator(clientSecretBasic("s /%ü", { encoding }), Date.now);
    for (const [client, text] of [...Object.entries(expected), ...Object.entries(expected)]) {
      const headers = new Headers();
      await authenticate({ issuer }, { client_id: client }, new URLSearchParams(), headers);
      expect(headers.get("authorization")).toBe(`Basic ${Buffer.from(text).toString("base64")}`);
    }
  });
});

describe("a signed assertion", () => {
  test.each(Object.keys(pairs) as Algorithm[])(
    "R32 by %s holds under the public key, from PEM and from Web Crypto",
    async (algorithm) => {
      const { publicKey, privateKey } = pairs[algorithm];
      const parameters = {
        RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
        PS256: { name: "RSA-PSS", hash: "SHA-256" },
        ES256: { name: "ECDSA", namedCurve: "P-256" },
        EdDSA: { name: "Ed25519" },
      }[algorithm];
      const cryptoKey = privateKey.toCryptoKey(parameters, false, ["sign"]) as CryptoKey;
      for (const key of [pemOf(algorithm), cryptoKey]) {
        const assertion = await prove(privateKeyJwt({ privateKey: key, algorithm, keyId: "k1" }));
        expect(assertion.header).toEqual({ alg: algorithm, kid: "k1", typ: "client-authentication+jwt" });
        expect(holds(algorithm, createPublicKey(publicKey.export({ type: "spki", format: "pem" })), assertion)).toBe(
          true,
        );
      }
    },
  );

  test("R32 by a secret is an HMAC-SHA-256", async () => {
    const { header, signed, signature } = await prove(clientSecretJwt(secret));
    expect(header).toEqual({ alg: "HS256", typ: "client-authentication+jwt" });
    expect(createHmac("sha256", secret).update(signed).digest().equals(signature)).toBe(true);
  });

  test.each<[string, ClientAuthentication]>([
    ["a secret", clientSecretJwt(secret)],
    ["a key", privateKeyJwt({ privateKey: pemOf("ES256"), algorithm: "ES256" })],
  ])("R32 by %s is the client's, for the issuer as one string, for a minute of the keeper's clock", async (_, way) => {
    const later = now + 123_456_789;
    const { payload, body } = await prove(way, later);
    const at = Math.floor(later / 1000);
    expect(payload).toEqual({
      ...{ iss: clientId, sub: clientId, aud: issuer, jti: expect.any(String) },
      ...{ iat: at, nbf: at, exp: at + 60 },
    });
    expect(Object.fromEntries(body)).toEqual({
      client_id: clientId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: expect.any(String),
    });
  });

  test("R32 is for the audience that the connector names, where it names one", async () => {
    const audience = "https://login.example.com/tenant/v2.0";
    const key: AssertionKey = { privateKey: pemOf("ES256"), algorithm: "ES256" };
    for (const way of [clientSecretJwt(secret, { audience }), privateKeyJwt(key, { audience })]) {
      expect((await prove(way)).payload["aud"]).toBe(audience);
    }
  });

  test("R32 is never the same twice", async () => {
    const way = privateKeyJwt({ privateKey: pemOf("EdDSA"), algorithm: "EdDSA" });
    const ids = await Promise.all(Array.from({ length: 200 }, async () => (await prove(way)).payload["jti"]));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("R32 is signed by the key that there is when it is made, and says what else the provider wants of it", async () => {
    let current: AssertionKey = { privateKey: pemOf("RS256"), algorithm: "RS256", keyId: "old" };
    const way = privateKeyJwt(async () => current);
    expect((await prove(way)).header).toMatchObject({ alg: "RS256", kid: "old" });
    current = { privateKey: pemOf("PS256"), algorithm: "PS256", header: { "x5t#S256": "thumbprint", typ: "JWT" } };
    const rotated = await prove(way);
    expect(rotated.header).toEqual({ alg: "PS256", "x5t#S256": "thumbprint", typ: "JWT" });
    expect(holds("PS256", pairs.PS256.publicKey, rotated)).toBe(true);
  });

  test("R54 neither a log nor JSON shows the key or the secret of a client", () => {
    const pem = pemOf("ES256");
    const ways = [clientSecretJwt(secret), privateKeyJwt({ privateKey: pem, algorithm: "ES256" })];
    const shown = `${inspect(ways, { depth: 9, showHidden: true })} ${JSON.stringify(ways)}`;
    expect(shown).toContain("private_key_jwt");
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain(pem.split("\n")[1]);
  });
});
