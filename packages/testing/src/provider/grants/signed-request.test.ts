import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import type { JsonObject } from "@grantkeeper/core/connector";
import { type JWTPayload, SignJWT } from "jose";
import { afterEach, expect, test } from "vitest";
import { exampleConnector } from "../example-connector.ts";
import { closeAll, start } from "../example-flow.ts";

const keyOptions = {
  namedCurve: "P-256",
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
} as const;
const [own, other] = [generateKeyPairSync("ec", keyOptions), generateKeyPairSync("ec", keyOptions)];
const now = Date.UTC(2026, 10, 26);
const seen: (JsonObject | undefined)[] = [];
afterEach(async () => {
  seen.length = 0;
  await closeAll();
});

const emulation = async () => ({
  accounts: [
    { id: "1001", name: "Octo Example" },
    { id: "1002", name: "Sam Sample" },
  ],
  routes: [
    {
      method: "POST",
      url: "https://api.example.com/v1/tokens/:account",
      handle: ({ url, assertion, issue }: Parameters<Route>[0]) => {
        seen.push(assertion);
        const issued = assertion && issue(url.pathname.split("/").at(-1) ?? "", ["read"]);
        return issued
          ? { status: 201, json: { token: issued.accessToken, at: issued.expiresAt ?? null } }
          : { status: 401 };
      },
    },
  ],
  exampleCall: { path: "me" },
});
type Emulation = Awaited<ReturnType<NonNullable<ReturnType<typeof exampleConnector>["emulation"]>>>;
type Route = Emulation["routes"][number]["handle"];

test("R50 a route sees the claims of a JWT that holds, and gives the token of an account", async () => {
  const { ask, provider } = await serve();
  const response = await ask("1002", await signed({ iss: "app", name: "x" }));
  expect(response.status).toBe(201);
  expect(seen).toMatchObject([{ iss: "app", name: "x" }]);
  const { token, at } = (await response.json()) as { readonly token: string; readonly at: number };
  expect(at).toBe(now + 3_600_000);
  const me = await fetch(provider.connector.userinfoEndpoint ?? "", { headers: { authorization: `Bearer ${token}` } });
  expect(await me.json()).toMatchObject({ sub: "1002" });
  expect((await ask("nobody", await signed({ iss: "app" }))).status).toBe(401);
});

test("R50 it sees none that does not hold", async () => {
  const { ask } = await serve();
  const [head, body] = (await signed({ iss: "app" })).split(".");
  for (const text of [
    await signed({ iss: "app" }, other.privateKey),
    await signed({ iss: "another" }),
    await signed({ iss: "app", exp: now / 1000 }),
    await signed({ iss: "app", nbf: now / 1000 + 60 }),
    `${head}.${body}.`,
    "a.b.c",
    "none",
  ]) {
    expect((await ask("1001", text)).status).toBe(401);
  }
  expect(seen.filter((claims) => claims !== undefined)).toEqual([]);
});

async function serve() {
  const grants = { signedRequest: { issuers: { app: own.publicKey } } };
  const { provider } = await start(exampleConnector({ emulation }), {
    now: () => now,
    accessTokenLifetime: 3600,
    grants,
  });
  const ask = (account: string, text: string) =>
    fetch(`${provider.connector.apiBaseUrl}tokens/${account}`, {
      method: "POST",
      headers: { authorization: `Bearer ${text}` },
    });
  return { provider, ask };
}

function signed(claims: JWTPayload, privateKey: string = own.privateKey): Promise<string> {
  return new SignJWT({ exp: now / 1000 + 60, ...claims })
    .setProtectedHeader({ alg: "ES256" })
    .sign(createPrivateKey(privateKey));
}
