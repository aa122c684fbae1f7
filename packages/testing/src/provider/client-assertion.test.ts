import { createPrivateKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { clientSecretJwt, privateKeyJwt } from "@grantkeeper/core/connector";
import { type JWTPayload, SignJWT } from "jose";
import { expect, test } from "vitest";
import { isAssertion } from "./client-assertion.ts";

const [pem, otherPem] = [1, 2].map(() =>
  generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
) as [string, string];
const own = privateKeyJwt({ privateKey: pem, algorithm: "ES256" });
const client = { clientId: "client-1" };
const audience = "https://login.example.com";
const now = Date.UTC(2026, 10, 26);
const at = now / 1000;
const right = { iss: "client-1", sub: "client-1", aud: audience, iat: at, exp: at + 60 };
const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

async function sign(
  claims: JWTPayload,
  { key = pem, typ = "client-authentication+jwt", id = true } = {},
): Promise<string> {
  const jwt = new SignJWT({ ...(id ? { jti: randomUUID() } : {}), ...claims }).setProtectedHeader({
    alg: "ES256",
    typ,
  });
  return jwt.sign(createPrivateKey(key));
}

function judge(assertion: string, given = type): Promise<boolean> {
  const parameters = new Map(Object.entries({ client_assertion: assertion, client_assertion_type: given }));
  return isAssertion(own, parameters, { audience, client, now: () => now });
}

test("R32 an assertion proves the client once", async () => {
  const assertion = await sign(right);
  expect([await judge(assertion), await judge(assertion)]).toEqual([true, false]);
});

test.each<[string, () => Promise<string>]>([
  ["for another audience", () => sign({ ...right, aud: "https://other.example.com" })],
  ["for a list of audiences", () => sign({ ...right, aud: [audience] })],
  ["of another client", () => sign({ ...right, iss: "client-2", sub: "client-2" })],
  ["that is good for longer than a minute", () => sign({ ...right, exp: at + 61 })],
  ["that has ended", () => sign({ ...right, iat: at - 90, exp: at - 30 })],
  ["without an id", () => sign(right, { id: false })],
  ["by another key", () => sign(right, { key: otherPem })],
  ["of another type", () => sign(right, { typ: "JWT" })],
  ["that is none", async () => "a.b.c"],
])("R32 an assertion %s proves nobody", async (_, make) => {
  expect(await judge(await make())).toBe(false);
});

test("R32 an assertion under another name of its type proves nobody", async () => {
  expect(await judge(await sign(right), "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")).toBe(false);
});

test("R32 an assertion that is signed with the public part of a key as a secret proves nobody", async () => {
  const bySecret = clientSecretJwt("a-secret-of-thirty-two-bytes-or-so", { audience });
  const parameters = new Map(Object.entries({ client_assertion: await sign(right), client_assertion_type: type }));
  expect(await isAssertion(bySecret, parameters, { audience, client, now: () => now })).toBe(false);
});
