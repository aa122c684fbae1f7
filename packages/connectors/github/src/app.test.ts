import { createKeeper, generateKey, type Keeper } from "@grantkeeper/core";
import type { CredentialInput } from "@grantkeeper/core/connector";
import { connectorContract, type EmulatedProvider, type ProviderOptions, startProvider } from "@grantkeeper/testing";
import { afterEach, expect, test } from "vitest";
import { appKeys, githubAppFixtures } from "../fixtures/app.ts";
import { type GithubAppOptions, githubApp } from "./app.ts";

const app: GithubAppOptions = { clientId: "Iv23example", privateKey: appKeys.privateKey };
const input: CredentialInput = {
  ...{ credentials: {}, scopes: [], clientId: app.clientId, tokenEndpoint: "https://api.github.com" },
  params: { installationId: "4900001" },
};
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

connectorContract(test, githubApp(app), githubAppFixtures);
const narrow = { permissions: { contents: "read" }, repositories: ["hello-world"] } as const;
connectorContract(test, githubApp({ ...app, ...narrow }), githubAppFixtures);

test("R53 the JWT is the app's, a minute old and good for nine more", () => {
  expect(requestOf(app)).toMatchObject({
    request: { url: "app/installations/4900001/access_tokens", method: "POST", json: {} },
    bearer: {
      key: { privateKey: appKeys.privateKey, algorithm: "RS256" },
      claims: { iss: "Iv23example" },
      lifetime: 600,
      backdated: 60,
    },
  });
  const key = async () => ({ privateKey: appKeys.privateKey, algorithm: "RS256" }) as const;
  expect(requestOf({ ...app, privateKey: key })).toMatchObject({ bearer: { key } });
});

test("R18 what is asked for is narrowed in the request, and counted as scopes", () => {
  expect(requestOf({ ...app, ...narrow })).toMatchObject({ request: { json: narrow } });
  expect(githubApp({ ...app, ...narrow }).scopes).toEqual(["contents:read"]);
  expect(githubApp(app).scopes).toEqual([]);
});

test("R18 the permissions of an installation are its scopes, and one that it has not granted is refused", async () => {
  const { keeper } = await world();
  const connection = await connect(keeper);
  const { scopes } = (await connection.status()).tokenSets["default"] ?? {};
  expect(scopes?.granted).toEqual(["metadata:read", "contents:write", "issues:write"]);
  const { keeper: greedy } = await world({}, { permissions: { administration: "write" } });
  await expect(connect(greedy)).rejects.toMatchObject({ code: "provider_rejected" });
});

test.each(["", "0", "01", "-1", "1.5", "1e3", "12345678901234567", "1/../2", "1?a", " 1"])(
  "R25 %j is no installation",
  async (installationId) => {
    const { keeper, provider } = await world();
    await expect(connect(keeper, installationId)).rejects.toMatchObject({ code: "invalid_request" });
    expect(provider.log.apiRequests).toEqual([]);
  },
);

test.each([
  ["suspended", { status: 403, json: { message: "This installation has been suspended" } }, "reauthorization_required"],
  ["gone", { status: 404, json: { message: "Not Found" } }, "reauthorization_required"],
  ["busy", { status: 403, headers: { "retry-after": "1" }, json: { message: "Slow" } }, "provider_unavailable"],
  ["behind a key that GitHub no longer takes", { status: 401, json: { message: "Bad" } }, "provider_rejected"],
  ["behind a page that is not GitHub's", { status: 404, text: "<html>" }, "invalid_response"],
])(
  "F12 an installation that is %s: %j is %s, and ends the connection only where the user can help",
  async (_, fault, code) => {
    let isFaulty = false;
    const { keeper, advance } = await world({ faults: { api: () => (isFaulty ? fault : undefined) } });
    const connection = await connect(keeper);
    advance(3601);
    isFaulty = true;
    await expect(connection.token()).rejects.toMatchObject({ code });
    isFaulty = false;
    advance(600);
    const ends = code === "reauthorization_required";
    expect((await connection.status()).state).toBe(ends ? "needs_reauthorization" : "active");
    if (!ends) expect((await connection.token()).accessToken).not.toBe("");
  },
);

test("R41 the account is the installation, and without one there is none", () => {
  const read = (params: Readonly<Record<string, string>>) =>
    githubApp(app).identify?.read({
      ...{ response: undefined, tokenResponse: {}, idTokenClaims: undefined, credentials: {}, tokenSets: ["default"] },
      params,
    });
  expect(read({ installationId: "7" })).toEqual({ id: "7" });
  expect(read({})).toBeUndefined();
});

test("the emulation refuses what GitHub refuses", async () => {
  const { provider } = await world();
  const url = `${provider.connector.apiBaseUrl}app/installations/4900001/access_tokens`;
  expect((await fetch(url, { method: "POST" })).status).toBe(401);
  expect((await fetch(url, { method: "POST", headers: { authorization: "Bearer a.b.c" } })).status).toBe(401);
  expect((await fetch(`${provider.connector.apiBaseUrl}installation/token`, { method: "DELETE" })).status).toBe(401);
});

function requestOf(options: GithubAppOptions) {
  const { credentials } = githubApp(options);
  return credentials?.kind === "kept" ? credentials.request(input) : undefined;
}

type App = ReturnType<typeof githubApp>;

async function world(options: ProviderOptions = {}, more: Partial<GithubAppOptions> = {}) {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const provider: EmulatedProvider<App> = await startProvider(githubApp({ ...app, ...more }), {
    ...{ now, accessTokenLifetime: 3600 },
    ...githubAppFixtures.credentials?.provider,
    ...options,
  });
  const keeper = createKeeper({
    connectors: { main: provider.connector },
    keys: [{ id: "test", secret: generateKey() }],
    callbackUrl: "https://app.example.com/connect",
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    now,
  });
  open.push(async () => {
    await keeper.close();
    await provider.close();
  });
  const advance = (seconds: number) => {
    ahead += seconds * 1000;
  };
  return { provider, keeper, advance };
}

function connect(keeper: Keeper<{ readonly main: App }>, installationId = "4900001") {
  return keeper.connect("main", { owner: "ada", params: { installationId } });
}
