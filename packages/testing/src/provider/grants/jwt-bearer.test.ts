import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { type JWTPayload, SignJWT } from "jose";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exampleConnector } from "../example-connector.ts";
import { closeAll, start, text } from "../example-flow.ts";
import { post } from "../example-requests.ts";
import type { EmulatedProvider, ProviderOptions } from "../options.ts";
import { startProvider } from "../start.ts";
import type { JwtBearerOptions } from "./options.ts";

const issuer = "service@example.com";
const type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
type Claims = { readonly [Name in keyof JWTPayload]: JWTPayload[Name] | undefined };

const [own, other, keysOfSam] = [keys(), keys(), keys()];
const began = Date.UTC(2026, 10, 26);
let time = began;
beforeEach(() => {
  time = began;
});
afterEach(closeAll);

test("R50 an assertion about an account gives an access token, with no refresh token", async () => {
  const provider = await serve();
  const { status, body } = await present(provider, await sign(provider));
  expect(status).toBe(200);
  expect(body).toEqual({
    access_token: expect.any(String),
    token_type: "Bearer",
    expires_in: 3600,
    scope: "read write",
  });
  const me = await fetch(provider.connector.userinfoEndpoint ?? "", {
    headers: { authorization: `Bearer ${text(body, "access_token")}` },
  });
  expect(await me.json()).toMatchObject({ sub: "1002" });
  expect(provider.log.tokenRequests).toMatchObject([{ grantType: type, accountId: "1002", outcome: "issued" }]);
});

test("R50 the subject may be an e-mail address, and scopes may be asked for", async () => {
  const provider = await serve();
  const assertion = await sign(provider, { sub: "sam@example.com" });
  expect((await present(provider, assertion, { scope: "read" })).body).toMatchObject({ scope: "read" });
  expect(provider.log.tokenRequests).toMatchObject([{ accountId: "1002" }]);
});

test("R50 the client need not say who it is, but what it says must be right", async () => {
  const provider = await serve();
  expect((await present(provider, await sign(provider), {}, {})).status).toBe(200);
  const wrong = { authorization: `Basic ${Buffer.from("client-1:wrong").toString("base64")}` };
  expect((await present(provider, await sign(provider), {}, wrong)).body["error"]).toBe("invalid_client");
  const half = await present(provider, await sign(provider), { client_id: "client-1" }, {});
  expect(half.body["error"]).toBe("invalid_client");
});

test("R50 an assertion with an id is good once, one without until it ends", async () => {
  const provider = await serve();
  const once = await sign(provider, { jti: "1" });
  expect((await present(provider, once)).status).toBe(200);
  expect((await present(provider, once)).body["error"]).toBe("invalid_grant");
  expect(provider.log.reuseDetected).toBe(1);
  const often = await sign(provider);
  for (let count = 0; count < 2; count++) expect((await present(provider, often)).status).toBe(200);
  time += 59_999;
  expect((await present(provider, often)).status).toBe(200);
  time += 1;
  expect((await present(provider, often)).body["error"]).toBe("invalid_grant");
});

test.each<[string, Claims]>([
  ["for another audience", { aud: "https://other.example.com/token" }],
  ["for no audience", { aud: undefined }],
  ["of an unknown issuer", { iss: "other@example.com" }],
  ["of no issuer", { iss: undefined }],
  ["without an end", { exp: undefined }],
  ["without a subject", { sub: undefined }],
  ["about nobody", { sub: "nobody" }],
  ["that is not good yet", { nbf: began / 1000 + 1 }],
])("R50 an assertion %s is refused", async (_, claims) => {
  const provider = await serve();
  expect((await present(provider, await sign(provider, claims))).body["error"]).toBe("invalid_grant");
  expect(provider.log.tokenRequests).toMatchObject([{ outcome: "invalid_grant" }]);
});

test("R50 an assertion by another key, by no key or of another algorithm is refused, and so is none", async () => {
  const provider = await serve();
  const forged = await sign(provider, {}, other.privateKey);
  const [head = "", body = ""] = (await sign(provider)).split(".");
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
  const keyed = await new SignJWT({ iss: issuer, sub: "1002", aud: provider.connector.tokenEndpoint ?? "" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime(began / 1000 + 60)
    .sign(Buffer.from(own.publicKey));
  for (const assertion of [forged, unsigned, keyed, `${head}.${body}.`, "a.b.c", "none"]) {
    expect((await present(provider, assertion)).body["error"]).toBe("invalid_grant");
  }
  const fields = { grant_type: type };
  expect((await post(provider.connector.tokenEndpoint ?? "", fields)).body["error"]).toBe("invalid_request");
});

test("R50 the audience is the issuer, the token endpoint, or what was said", async () => {
  const named = "https://login.example.com/oauth";
  for (const [audience, right] of [
    ["issuer", (provider: EmulatedProvider) => provider.connector.issuer],
    ["tokenEndpoint", (provider: EmulatedProvider) => provider.connector.tokenEndpoint],
    [undefined, (provider: EmulatedProvider) => provider.connector.issuer],
    [named, () => named],
  ] as const) {
    const provider = await serve(audience === undefined ? {} : { audience }, "https://login.example.com/issuer");
    for (const aud of [provider.connector.issuer, provider.connector.tokenEndpoint, named]) {
      const { status } = await present(provider, await sign(provider, { aud }));
      expect([audience, aud, status]).toEqual([audience, aud, aud === right(provider) ? 200 : 400]);
    }
  }
});

test("R50 an assertion without a subject is about its issuer, where the provider takes it so", async () => {
  const own = { issuers: { "sam@example.com": keysOfSam.publicKey }, issuerIsSubject: true };
  const provider = await serve(own);
  const claims = { iss: "sam@example.com", sub: undefined };
  expect((await present(provider, await sign(provider, claims, keysOfSam.privateKey))).status).toBe(200);
  expect(provider.log.tokenRequests).toMatchObject([{ accountId: "1002" }]);
});

test("R50 there is a refresh token where the provider gives one", async () => {
  const provider = await serve({ refreshTokens: true });
  const { body } = await present(provider, await sign(provider));
  expect(provider.isAlive(text(body, "refresh_token"))).toBe(true);
});

test("R50 a key that is none is found out at the start, and without the option there is no such grant", async () => {
  const grants: ProviderOptions["grants"] = { jwtBearer: { issuers: { [issuer]: "no key" } } };
  await expect(startProvider(exampleConnector(), { grants })).rejects.toThrow();
  const { provider } = await start();
  expect((await present(provider, await sign(provider))).body["error"]).toBe("unsupported_grant_type");
});

async function serve(
  options: Partial<JwtBearerOptions> = {},
  providerIssuer: string | undefined = undefined,
): Promise<EmulatedProvider> {
  const jwtBearer = { issuers: { [issuer]: own.publicKey }, ...options };
  const change = providerIssuer === undefined ? {} : { issuer: providerIssuer, scopes: ["openid"] };
  return (await start(exampleConnector(change), { now: () => time, grants: { jwtBearer } })).provider;
}

function sign(provider: EmulatedProvider, claims: Claims = {}, privateKey = own.privateKey): Promise<string> {
  const right = { iss: issuer, sub: "1002", aud: provider.connector.tokenEndpoint ?? "", exp: began / 1000 + 60 };
  return new SignJWT({ ...right, ...claims } as JWTPayload)
    .setProtectedHeader({ alg: "ES256" })
    .sign(createPrivateKey(privateKey));
}

function present(
  provider: EmulatedProvider,
  assertion: string,
  more: Readonly<Record<string, string>> = {},
  headers?: Readonly<Record<string, string>>,
) {
  return post(provider.connector.tokenEndpoint ?? "", { grant_type: type, assertion, ...more }, headers);
}

function keys(): { readonly privateKey: string; readonly publicKey: string } {
  return generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
}
