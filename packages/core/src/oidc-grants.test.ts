import { type OidcProvider, type OidcProviderOptions, startOidcProvider } from "@grantkeeper/testing/oidc";
import { afterEach, describe, expect, test } from "vitest";
import { type Connector, clientCredentials } from "./connector/index.ts";
import { createEnvironment } from "./environment.ts";
import { type IdentifiedConnection, type Keeper, keyvStore } from "./index.ts";
import { assembleKeeper } from "./keeper.ts";
import { callbackRequest, callbackUrl, client, codeOf, cookieOf, createClock, key, silent } from "./test/harness.ts";

// What the emulator's tests show in detail, judged once more by a provider of another make.
type Plain = Connector<never, never, never>;
const resource = "https://api.example.com";
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function createWorld(change: Partial<Connector> = {}, options: Partial<OidcProviderOptions> = {}) {
  const redirectUris = [`${callbackUrl}/main/callback`];
  const provider = await startOidcProvider({ ...client, redirectUris, accessTokenLifetime: 60, ...options });
  const clock = createClock();
  const environment = {
    ...createEnvironment(clock.now),
    // Polls of a device are five seconds apart; nobody has to wait for that here.
    after: (ms: number, task: () => void) => createEnvironment().after(ms === 5_000 ? 10 : ms, task),
  };
  const keeper: Keeper<{ readonly main: Plain }> = assembleKeeper(
    {
      connectors: { main: { ...provider.connector, ...change } as Plain },
      store: keyvStore(undefined, { now: clock.now }),
      keys: [key],
      callbackUrl,
      logger: silent,
      now: clock.now,
    },
    environment,
    undefined,
  );
  closing.push(async () => {
    await keeper.close();
    await provider.close();
  });
  return { provider, keeper, clock };
}

async function connect(
  keeper: Keeper<{ readonly main: Plain }>,
  provider: OidcProvider,
  start: object = {},
): Promise<IdentifiedConnection> {
  const { url, headers } = await keeper.start("main", { owner: "ada", ...start });
  const callback = await provider.signIn(url, { login: "ada" });
  return (await keeper.finish(callbackRequest(callback, cookieOf(headers)), { owner: "ada" })).connection;
}

describe("against oidc-provider", () => {
  test("R48 a device is let in, with a validated ID token, and refreshed by strict rotation", async () => {
    const { provider, keeper, clock } = await createWorld();
    const device = await keeper.device("main", { owner: "ada" });
    await provider.decideDevice(device.userCode, { login: "robin" });
    const connection = await device.connection();
    expect((await connection.status()).account?.id).toBe("robin");
    const { accessToken } = await connection.token();
    clock.advance(61);
    expect((await connection.token()).accessToken).not.toBe(accessToken);
    expect(provider.log.reuseDetected).toBe(0);
    expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
  });

  test("R48 a device is refused", async () => {
    const { provider, keeper } = await createWorld();
    const device = await keeper.device("main", { owner: "ada" });
    await provider.decideDevice(device.userCode, { login: "robin", deny: true });
    expect(await codeOf(device.connection())).toBe("consent_denied");
  });

  test("R17 the client's own access is for the resource that the connector names", async () => {
    const { provider, keeper, clock } = await createWorld({
      credentials: clientCredentials(),
      resource,
      scopes: ["api:read"],
      userinfoEndpoint: undefined,
    });
    const connection = await keeper.connect("main", { owner: "the-app" });
    const { accessToken, scopes } = await connection.token();
    expect(scopes).toEqual(["api:read"]);
    expect(await introspect(provider, accessToken)).toMatchObject({ active: true, aud: resource, scope: "api:read" });
    clock.advance(61);
    expect((await connection.token()).accessToken).not.toBe(accessToken);
    expect(await connection.disconnect()).toEqual({ revocation: "revoked" });
  });

  test("R17 a user's grant is for it, too, and so is what a refresh brings", async () => {
    const scopes = ["openid", "offline_access", "api:read"];
    const { provider, keeper, clock } = await createWorld({ resource, scopes, userinfoEndpoint: undefined });
    const connection = await connect(keeper, provider);
    for (let round = 0; round < 2; round++) {
      const { accessToken } = await connection.token();
      expect(await introspect(provider, accessToken)).toMatchObject({ active: true, aud: resource });
      clock.advance(61);
    }
  });

  test("R14 R15 a provider that demands pushed requests gets them", async () => {
    const { provider, keeper } = await createWorld({}, { requirePar: true });
    const connection = await connect(keeper, provider);
    expect((await connection.status()).account?.id).toBe("ada");
  });

  test("R14 by discovery alone, too", async () => {
    const { provider, keeper } = await createWorld(
      {
        authorizationEndpoint: undefined,
        tokenEndpoint: undefined,
        pushedAuthorizationRequestEndpoint: undefined,
      },
      { requirePar: true },
    );
    const { url } = await keeper.start("main", { owner: "ada" });
    expect(url.searchParams.get("request_uri")).toMatch(/^urn:/);
    expect((await connect(keeper, provider)).connector).toBe("main");
  });

  test("R19 a sign-in that must be fresh is held to it by the ID token", async () => {
    const { provider, keeper } = await createWorld();
    const connection = await connect(keeper, provider, { maxAge: 3_600 });
    expect((await connection.status()).state).toBe("active");
  });
});

async function introspect({ connector }: OidcProvider, token: string): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(`${client.clientId}:${client.clientSecret}`).toString("base64")}`;
  const body = new URLSearchParams({ token });
  const init = { method: "POST", headers: { authorization }, body };
  const response = await fetch(connector.introspectionEndpoint ?? `${connector.issuer}/token/introspection`, init);
  return response.json();
}
