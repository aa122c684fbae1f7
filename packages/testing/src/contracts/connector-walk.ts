import assert from "node:assert/strict";
import { type Connector, clientSecretPost, type JsonObject, type ProviderResponse } from "@grantkeeper/core/connector";
import { consent } from "../consent.ts";
import type { EmulatedProvider } from "../provider/options.ts";
import { startProvider } from "../provider/start.ts";
import {
  type ConnectorFixtures,
  isObject,
  readAccount,
  readError,
  readRevoked,
  readTokens,
  scopesOf,
} from "./connector-fixtures.ts";
import { createPlainClient, type PlainClient } from "./plain-client.ts";
import type { TestFunction } from "./test-function.ts";

const redirectUri = "https://app.example.com/connect/callback";

interface Walk {
  readonly connector: Connector;
  readonly provider: EmulatedProvider;
  readonly client: PlainClient;
  readonly params: Readonly<Record<string, string>>;
}

interface Connected {
  readonly tokenResponse: JsonObject;
  readonly tokenSets: Readonly<Record<string, JsonObject>>;
}

/** Tests a connector against its own emulation over real HTTP: consent, identity, refresh, errors and revocation. */
export function testWalk(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  const params = fixtures.params ?? {};
  const walk = (name: string, run: (walk: Walk) => Promise<void>) =>
    test(`emulated: ${name}`, async () => {
      const provider = await startProvider(connector, { accessTokenLifetime: 3600, refreshTokens: true });
      const emulated = await withEndpoints(provider.connector, params);
      const client = createPlainClient(emulated, redirectUri, params);
      try {
        await run({ connector: emulated, provider, client, params });
      } finally {
        await provider.close();
      }
    });

  walk("a consent gives tokens for what was asked", async (it) => {
    const { tokenSets } = await connect(it);
    const asked: Record<string, readonly string[]> = { default: connector.scopes };
    for (const [name, set] of Object.entries(connector.tokenSets)) asked[name] = set?.scopes ?? [];
    for (const [name, set] of Object.entries(tokenSets)) {
      assert.ok(typeof set["access_token"] === "string" && set["access_token"] !== "");
      const granted = scopesOf(set).flatMap((scope) => [scope, ...(connector.scopeIncludes?.[scope] ?? [])]);
      for (const scope of asked[name] ?? []) assert.ok(granted.includes(scope), `${scope} was granted in ${name}`);
    }
    const wanted = Object.keys(asked).filter((name) => (asked[name]?.length ?? 0) > 0);
    assert.deepEqual(Object.keys(tokenSets).sort(), (wanted.length > 0 ? wanted : ["default"]).sort());
  });

  walk("each account has an id of its own, the same every time", async (it) => {
    const [first, second] = it.provider.accounts;
    assert.ok(first && second, "an emulation has two accounts");
    const ids = [];
    for (const account of [first, second, first]) ids.push(await identify(it, await connect(it, account.id)));
    assert.equal(ids[0], ids[2]);
    assert.notEqual(ids[0], ids[1]);
  });

  walk("an access token that has expired is known by the answer", async (it) => {
    const connected = await connect(it);
    const good = await askIdentity(it, connected);
    if (good === undefined) return;
    assert.ok(!rejects(it.connector, good), "a good token is not rejected");
    it.provider.expireAccessTokens();
    const answer = await askIdentity(it, connected);
    assert.ok(answer && rejects(it.connector, answer), `an expired token is rejected, with ${answer?.status}`);
  });

  walk("every token set is refreshed by itself", async (it) => {
    const { tokenSets } = await connect(it);
    for (const [name, set] of Object.entries(tokenSets)) {
      if (typeof set["refresh_token"] !== "string") continue;
      const refreshed = setsOf(it.connector, await it.client.refresh(set["refresh_token"]));
      assert.deepEqual(Object.keys(refreshed), [name]);
      const next = refreshed[name] ?? {};
      assert.ok(typeof next["access_token"] === "string" && next["access_token"] !== set["access_token"]);
      const kept = next["refresh_token"] ?? set["refresh_token"];
      assert.ok(it.provider.isAlive(String(kept)), "what is kept can be refreshed again");
      assert.equal(kept === set["refresh_token"], connector.rotation.kind === "none");
    }
    assert.equal(it.provider.log.reuseDetected, 0);
  });

  walk("a dead refresh token is invalid_grant, a wrong secret invalid_client", async (it) => {
    const refused = await it.client.refresh("not-a-refresh-token");
    assert.equal(readError(it.connector, refused)?.error, "invalid_grant");
    const { clientAuthentication } = it.connector;
    if (!("secret" in clientAuthentication)) return;
    const wrong = { ...clientAuthentication, secret: clientSecretPost("wrong").secret };
    const stranger = createPlainClient({ ...it.connector, clientAuthentication: wrong }, redirectUri, params);
    assert.equal(readError(it.connector, await stranger.refresh("not-a-refresh-token"))?.error, "invalid_client");
  });

  walk("R5 a code is good once, and its second use ends what it gave", async (it) => {
    const { callback, codeVerifier } = await authorize(it, undefined);
    const code = callback.searchParams.get("code") ?? "";
    const tokenSets = setsOf(it.connector, await it.client.exchange(code, codeVerifier));
    const again = await it.client.exchange(code, codeVerifier);
    assert.equal(readError(it.connector, again)?.error, "invalid_grant");
    for (const set of Object.values(tokenSets)) assert.equal(it.provider.isAlive(String(set["refresh_token"])), false);
  });

  walk("a user's refusal comes back as access_denied", async (it) => {
    const { url, state } = it.client.authorization();
    const callback = await consent(url, { deny: true });
    assert.equal(callback.searchParams.get("error"), "access_denied");
    assert.equal(callback.searchParams.get("state"), state);
    assert.equal(callback.searchParams.has("code"), false);
  });

  walk("R51 revoking ends the tokens, and doing it again is no failure", async (it) => {
    const { connector: emulated, client, provider } = it;
    if (emulated.revoke === undefined && emulated.revocationEndpoint === undefined) return;
    const { tokenSets } = await connect(it);
    for (const round of [1, 2]) {
      for (const [tokenSet, set] of Object.entries(tokenSets)) {
        const accessToken = String(set["access_token"]);
        const refreshToken = typeof set["refresh_token"] === "string" ? set["refresh_token"] : undefined;
        const input = { tokenSet, accessToken, refreshToken, clientId: emulated.clientId };
        const answers: ProviderResponse[] = [];
        if (emulated.revoke) {
          for (const request of emulated.revoke.requests(input)) answers.push(await client.send(request, accessToken));
        } else {
          const hint = refreshToken === undefined ? "access_token" : "refresh_token";
          answers.push(await client.revokeToken(refreshToken ?? accessToken, hint));
        }
        assert.ok(answers.length > 0, "something is sent");
        for (const answer of answers)
          assert.ok(readRevoked(emulated, answer), `round ${round}: status ${answer.status}`);
        if (refreshToken !== undefined) assert.equal(provider.isAlive(refreshToken), false);
      }
    }
    assert.ok(provider.log.revocations.some(({ known }) => known));
  });
}

async function authorize(
  it: Walk,
  accountId: string | undefined,
): Promise<{ callback: URL; codeVerifier: string | undefined }> {
  const { url, state, codeVerifier } = it.client.authorization();
  const callback = await consent(url, accountId === undefined ? {} : { accountId });
  assert.equal(callback.searchParams.get("error"), null);
  assert.equal(callback.searchParams.get("state"), state);
  return { callback, codeVerifier };
}

async function connect(it: Walk, accountId?: string): Promise<Connected> {
  const { callback, codeVerifier } = await authorize(it, accountId);
  const response = await it.client.exchange(callback.searchParams.get("code") ?? "", codeVerifier);
  const tokenSets = setsOf(it.connector, response);
  return { tokenResponse: isObject(response.body) ? response.body : {}, tokenSets };
}

function setsOf(connector: Connector, response: ProviderResponse): Readonly<Record<string, JsonObject>> {
  assert.equal(readError(connector, response), undefined);
  assert.ok(response.status === 200 && isObject(response.body), `tokens are answered, not ${response.status}`);
  return readTokens(connector, response.body);
}

async function identify(it: Walk, connected: Connected): Promise<string> {
  const { tokenResponse } = connected;
  const response = (await askIdentity(it, connected))?.body;
  const idTokenClaims = claimsOf(tokenResponse["id_token"]);
  const account = readAccount(it.connector, {
    response,
    tokenResponse,
    idTokenClaims,
    params: it.params,
    credentials: {},
  });
  assert.ok(account && account.id !== "", "the answer names an account");
  return account.id;
}

function rejects(connector: Connector, response: ProviderResponse): boolean {
  return response.status === 401 || connector.rejectsToken?.(response) === true;
}

/** Sends the identity request, by whichever token it wants; `undefined` where the connector has none. */
async function askIdentity(it: Walk, { tokenSets }: Connected): Promise<ProviderResponse | undefined> {
  const { identify, userinfoEndpoint } = it.connector;
  const asked = identify?.request?.({ tokenSets: Object.keys(tokenSets) });
  const userinfo = identify === undefined && userinfoEndpoint !== undefined;
  const request = asked ?? (userinfo ? { url: userinfoEndpoint, authentication: "bearer" as const } : undefined);
  if (request === undefined) return undefined;
  const set = tokenSets[asked?.tokenSet ?? "default"];
  assert.ok(set, "the identity request names a token set that was received");
  return it.client.send(request, String(set["access_token"]));
}

function claimsOf(idToken: unknown): JsonObject | undefined {
  if (typeof idToken !== "string") return undefined;
  return JSON.parse(Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString()) as JsonObject;
}

/** A connector whose authorization endpoint is discovered needs it before its URL can be built. */
async function withEndpoints(connector: Connector, params: Readonly<Record<string, string>>): Promise<Connector> {
  if (connector.authorizationEndpoint !== undefined || connector.issuer === undefined) return connector;
  const issuer = connector.issuer.replace(/\{([^{}]+)\}/g, (place, name: string) => params[name] ?? place);
  const response = await fetch(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const metadata = (await response.json()) as Readonly<Record<string, string>>;
  return {
    ...connector,
    authorizationEndpoint: metadata["authorization_endpoint"],
    tokenEndpoint: metadata["token_endpoint"],
    revocationEndpoint: metadata["revocation_endpoint"],
    userinfoEndpoint: metadata["userinfo_endpoint"],
  };
}
