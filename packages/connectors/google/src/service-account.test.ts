import { createKeeper, generateKey } from "@grantkeeper/core";
import { connectorContract, startProvider } from "@grantkeeper/testing";
import { expect, test } from "vitest";
import { delegationFixtures, keyFileOf, serviceAccount, serviceAccountFixtures } from "../fixtures/service-account.ts";
import { googleServiceAccount } from "./service-account.ts";

const drive = "https://www.googleapis.com/auth/drive.readonly";
const calendar = "https://www.googleapis.com/auth/calendar.readonly";
const scopes = [calendar, drive];
const connector = googleServiceAccount({ scopes });
const delegated = googleServiceAccount({ scopes, delegation: true });

connectorContract(test, connector, serviceAccountFixtures);
connectorContract(test, delegated, delegationFixtures);

test("R50 the assertion is the service account's, for Google's token endpoint and all scopes", () => {
  const { assertion, ...rest } = requestOf(connector, { keyFile: keyFileOf(serviceAccount) });
  expect(rest).toEqual({ grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer" });
  expect(assertion).toMatchObject({ key: { algorithm: "RS256", keyId: "4f1c2d" }, lifetime: 600, backdated: 60 });
  expect(assertion?.claims).toEqual({
    iss: serviceAccount,
    scope: `${calendar} ${drive}`,
    aud: connector.tokenEndpoint,
  });
});

test("R50 with delegation it is about the user, and only then", () => {
  const credentials = { keyFile: keyFileOf(serviceAccount), subject: "alex@example.com" };
  expect(requestOf(delegated, credentials).assertion?.claims).toMatchObject({ sub: "alex@example.com" });
  expect(Object.keys(connector.credentials?.fields ?? {})).toEqual(["keyFile"]);
  expect(Object.keys(delegated.credentials?.fields ?? {})).toEqual(["keyFile", "subject"]);
});

test.each<[flaw: string, keyFile: string]>([
  ["its tokens from elsewhere", keyFileOf(serviceAccount, { token_uri: "https://evil.example/token" })],
  [
    "a token endpoint that only begins like it",
    keyFileOf(serviceAccount, { token_uri: `${connector.tokenEndpoint}/x` }),
  ],
  ["no token endpoint", keyFileOf(serviceAccount, { token_uri: undefined })],
  ["no key", keyFileOf(serviceAccount, { private_key: undefined })],
  ["a key of another type", keyFileOf(serviceAccount, { private_key: 7 })],
  ["no name of its key", keyFileOf(serviceAccount, { private_key_id: "" })],
  ["no address", keyFileOf(serviceAccount, { client_email: "sync" })],
  ["a list for an address", keyFileOf(serviceAccount, { client_email: [serviceAccount] })],
  ["no JSON", "{ nothing }"],
  ["an empty object", '{ "a": null }'],
])("R24 a key file with %s is invalid_request, before any request", async (_, keyFile) => {
  await expect(connectingWith(keyFile)).resolves.toEqual({ code: "invalid_request", requests: 0 });
});

test("R50 a key that is none is found out before any request", async () => {
  const keyFile = keyFileOf(serviceAccount, { private_key: "no key" });
  await expect(connectingWith(keyFile)).resolves.toEqual({ code: "invalid_config", requests: 0 });
});

test("R50 the token request names no client", async () => {
  const keyFile = keyFileOf(serviceAccount);
  await expect(connectingWith(keyFile)).resolves.toEqual({ code: undefined, requests: 1 });
});

test("R36 every other error is left to the core", () => {
  for (const body of [
    { error: "invalid_grant" },
    { error: "invalid_client", error_description: "iat" },
    null,
    [],
    "x",
  ]) {
    expect(connector.readError?.({ status: 400, headers: new Headers(), body })).toBeUndefined();
  }
});

function requestOf(
  { credentials }: Pick<typeof delegated, "credentials"> | Pick<typeof connector, "credentials">,
  given: { readonly keyFile: string; readonly subject?: string },
) {
  if (credentials?.kind !== "kept") throw new Error("not kept");
  const { tokenEndpoint = "", clientId } = connector;
  const asked = credentials.request({
    credentials: given as Required<typeof given>,
    params: {},
    scopes,
    clientId,
    tokenEndpoint,
  });
  if ("request" in asked) throw new Error("not at the token endpoint");
  return asked;
}

async function connectingWith(keyFile: string): Promise<{ readonly code: unknown; readonly requests: number }> {
  const provider = await startProvider(connector, serviceAccountFixtures.credentials?.provider);
  const keeper = createKeeper({
    connectors: { main: provider.connector },
    keys: [{ id: "test", secret: generateKey() }],
    callbackUrl: "https://app.example.com/connect",
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  });
  try {
    const failure: unknown = await keeper.connect("main", { owner: "ada", credentials: { keyFile } }).then(
      () => undefined,
      (error: unknown) => error,
    );
    for (const { clientId } of provider.log.tokenRequests) expect(clientId).toBeUndefined();
    return { code: Object(failure).code, requests: provider.log.tokenRequests.length };
  } finally {
    await keeper.close();
    await provider.close();
  }
}
