import { generateKeyPairSync } from "node:crypto";
import { createKeeper, generateKey } from "@grantkeeper/core";
import type { Connector } from "@grantkeeper/core/connector";
import { type ConnectorFixtures, connectorContract, startProvider } from "@grantkeeper/testing";
import { afterEach, expect, test } from "vitest";
import { salesforceJwtFixtures } from "../fixtures/index.ts";
import { salesforceJwt } from "./index.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const clientId = "consumer-key";
const key = { privateKey, algorithm: "RS256" } as const;
const ofApplication = salesforceJwt({ clientId, key });
const ofOwner = salesforceJwt({ clientId });
const username = "alex@example.com";
const domain = "acme";

const audience = "https://login.salesforce.com";
const accepting = { grants: { jwtBearer: { issuers: { [clientId]: publicKey }, audience } } };
connectorContract(test, ofApplication, withCredentials({}));
connectorContract(test, ofOwner, withCredentials({ privateKey }));

function withCredentials(more: Readonly<Record<string, string>>): ConnectorFixtures {
  const given = (name: string) => ({ credentials: { username: name, ...more } });
  const credentials = {
    accepted: given(username),
    ofAnotherAccount: given("robin@example.org"),
    refused: given("nobody@example.net"),
    provider: accepting,
  };
  return { ...salesforceJwtFixtures, credentials };
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function start<Credential extends string>(
  connector: Connector<"domain", never, Credential>,
  options: typeof accepting = accepting,
) {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const provider = await startProvider(connector, { ...options, now });
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const keeper = createKeeper({
    connectors: { main: provider.connector },
    keys: [{ id: "test", secret: generateKey() }],
    callbackUrl: "https://app.example.com/connect",
    ...{ logger, now },
  });
  open.push(keeper.close, provider.close);
  const advance = (seconds: number) => {
    ahead += seconds * 1000;
  };
  return { keeper, provider, advance };
}

test("R50 a user's name and the application's key are a connection, which its disconnect revokes", async () => {
  const { keeper, provider } = await start(ofApplication);
  const connection = await keeper.connect("main", { owner: "ada", params: { domain }, credentials: { username } });
  expect(await connection.status()).toMatchObject({
    state: "active",
    account: { id: "00DHs000000f5e6/005Hs00000A1b2c", name: username },
  });
  expect((await connection.fetch("data/v66.0/limits")).status).toBe(200);
  expect(provider.log.tokenRequests).toMatchObject([{ outcome: "issued" }]);
  expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
});

test("with the consumer secret Salesforce says when a token ends", async () => {
  const { keeper, advance } = await start(salesforceJwt({ clientId, key, clientSecret: "secret" }));
  const connection = await keeper.connect("main", { owner: "ada", params: { domain }, credentials: { username } });
  const first = await connection.token();
  expect(first.expiresAt).toBeDefined();
  advance(7200);
  expect((await connection.token()).accessToken).not.toBe(first.accessToken);
});

test("an assertion is for the login server of the organization: the one for sandboxes is another", async () => {
  const { jwtBearer } = accepting.grants;
  const forSandboxes = { grants: { jwtBearer: { ...jwtBearer, audience: "https://test.salesforce.com" } } };
  const { keeper } = await start(ofApplication, forSandboxes);
  const credentials = { username };
  for (const sandbox of ["acme--test.sandbox", "acme.scratch"]) {
    const connection = await keeper.connect("main", { owner: "ada", params: { domain: sandbox }, credentials });
    expect((await connection.status()).state).toBe("active");
  }
  const production = keeper.connect("main", { owner: "ada", params: { domain }, credentials });
  await expect(production).rejects.toMatchObject({ code: "credentials_refused" });
});

test("an assertion lives for three minutes", () => {
  const { credentials } = ofApplication;
  const input = { credentials: { username }, params: { domain }, scopes: [], clientId, tokenEndpoint: "" };
  const request = credentials?.kind === "kept" ? credentials.request(input) : undefined;
  expect(request).toMatchObject({
    assertion: { lifetime: 180, claims: { iss: clientId, sub: username, aud: "https://login.salesforce.com" } },
  });
});

test("R54 an owner's own key is asked for where the application has none, and shown nowhere", async () => {
  const { keeper } = await start(ofOwner);
  const credentials = { username, privateKey };
  const connection = await keeper.connect("main", { owner: "ada", params: { domain }, credentials });
  expect((await connection.fetch("data/v66.0/limits")).status).toBe(200);
  expect(JSON.stringify(await connection.status())).not.toContain("PRIVATE KEY");
  for (const wrong of [privateKey.replace("PRIVATE ", ""), `more${privateKey}`, "x"]) {
    const given = { username, privateKey: wrong };
    const refused = keeper.connect("main", { owner: "ada", params: { domain }, credentials: given });
    await expect(refused).rejects.toMatchObject({ code: "invalid_request" });
  }
});
