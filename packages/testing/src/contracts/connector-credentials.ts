import assert from "node:assert/strict";
import { inspect } from "node:util";
import { createKeeper, generateKey, type Keeper } from "@grantkeeper/core";
import type { Connector } from "@grantkeeper/core/connector";
import type { EmulatedProvider } from "../provider/options.ts";
import { startProvider } from "../provider/start.ts";
import { acceptedOf } from "./connector-credential-shape.ts";
import type { ConnectorFixtures, GivenCredentials } from "./connector-fixtures.ts";
import type { TestFunction } from "./test-function.ts";

const lifetimeSeconds = 3600;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

interface World {
  readonly provider: EmulatedProvider;
  readonly keeper: Keeper<{ readonly main: Connector }>;
  readonly connect: (given?: GivenCredentials) => ReturnType<Keeper<{ readonly main: Connector }>["connect"]>;
  readonly advance: (seconds: number) => void;
}

/** Tests a connector against its own emulation by `keeper.connect`: tokens, renewal, refusal and disconnect. */
export function testCredentials(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  const emulated = (name: string, run: (world: World) => Promise<void>) =>
    test(`emulated: ${name}`, async () => {
      let ahead = 0;
      const now = () => Date.now() + ahead;
      const provider = await startProvider(connector, {
        ...{ accessTokenLifetime: lifetimeSeconds, refreshTokens: true, now },
        ...fixtures.credentials?.provider,
      });
      const keeper = createKeeper({
        connectors: { main: provider.connector },
        keys: [{ id: "contract", secret: generateKey() }],
        callbackUrl: "https://app.example.com/connect",
        logger: silent,
        now,
      });
      const connect = (given: GivenCredentials = acceptedOf(fixtures)) => {
        const { credentials, params = fixtures.params ?? {} } = given;
        return keeper.connect("main", { owner: "ada", credentials, params });
      };
      const advance = (seconds: number) => {
        ahead += seconds * 1000;
      };
      try {
        await run({ provider, keeper, connect, advance });
      } finally {
        await keeper.close();
        await provider.close();
      }
    });

  emulated("R51 a keeper connects with credentials, has tokens anew and disconnects", async (it) => {
    const connection = await it.connect();
    const { state, account, tokenSets } = await connection.status();
    assert.equal(state, "active");
    assert.ok(account?.id, "the account is known");
    assert.deepEqual(tokenSets["default"]?.scopes.missing, []);
    assert.equal((await it.connect()).id, connection.id, "the same account again is the same connection");

    const first = await connection.token();
    const isRenewed = tokenSets["default"]?.refreshable === true;
    if (first.expiresAt !== undefined) {
      it.advance(lifetimeSeconds + 1);
      if (isRenewed) assert.notEqual((await connection.token()).accessToken, first.accessToken, "a token that is new");
      else await assert.rejects(connection.token(), { code: "reauthorization_required" });
    }
    assert.equal(it.provider.log.reuseDetected, 0);

    const revokes = connector.revoke ?? connector.revocationEndpoint;
    const expected = revokes === undefined ? "unsupported" : "revoked";
    assert.deepEqual(await connection.disconnect(), { revocation: expected });
    if (revokes !== undefined && isRenewed) assert.ok(it.provider.log.revocations.some(({ known }) => known));
  });

  emulated("a token that the provider has ended is asked for anew", async (it) => {
    const emulation = await connector.emulation?.();
    if (emulation === undefined || connector.credentials?.kind !== "kept") return;
    const { path, method = "GET" } = emulation.exampleCall;
    const connection = await it.connect();
    assert.ok((await connection.fetch(path, { method })).ok);
    it.provider.expireAccessTokens();
    it.advance(60);
    assert.ok((await connection.fetch(path, { method })).ok);
  });

  emulated("each account has a connection of its own", async (it) => {
    const other = fixtures.credentials?.ofAnotherAccount;
    if (other === undefined) return;
    const [first, second] = [await it.connect(), await it.connect(other)];
    assert.notEqual(first.id, second.id);
    assert.notEqual((await first.status()).account?.id, (await second.status()).account?.id);
  });

  emulated("R54 credentials that are refused leave nothing, and are not shown", async (it) => {
    const refused = fixtures.credentials?.refused;
    if (refused === undefined) return;
    const failure: unknown = await it.connect(refused).then(
      () => undefined,
      (error: unknown) => error,
    );
    // RFC 8693, section 2.2.2 calls a token that is not good an invalid request.
    assert.ok(["credentials_refused", "provider_rejected"].includes(String(codeOf(failure))), inspect(failure));
    const shown = `${inspect(failure, { depth: 10 })}${JSON.stringify(failure)}`;
    for (const value of Object.values(refused.credentials)) assert.ok(!shown.includes(value), "no credential is shown");
    for await (const connection of it.keeper.connections()) assert.fail(`${connection.id} was stored`);
  });
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code;
}
