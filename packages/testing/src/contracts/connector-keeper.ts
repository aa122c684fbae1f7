import assert from "node:assert/strict";
import { createKeeper, generateKey } from "@grantkeeper/core";
import type { Connector } from "@grantkeeper/core/connector";
import { consent } from "../consent.ts";
import { startProvider } from "../provider/start.ts";
import type { ConnectorFixtures } from "./connector-fixtures.ts";
import type { TestFunction } from "./test-function.ts";

const lifetimeSeconds = 3600;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Tests a connector as an application uses it: a keeper connects an account of its emulation, refreshes and disconnects. */
export function testKeeper(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  test("emulated: R37 R51 a keeper connects an account by it, refreshes and disconnects", async () => {
    let ahead = 0;
    const now = () => Date.now() + ahead;
    const lifetime = { accessTokenLifetime: lifetimeSeconds, refreshTokens: true };
    const provider = await startProvider(connector, { ...lifetime, now });
    const keeper = createKeeper({
      connectors: { main: provider.connector },
      keys: [{ id: "contract", secret: generateKey() }],
      callbackUrl: "https://app.example.com/connect",
      logger: silent,
      now,
    });
    try {
      const { url, headers } = await keeper.start("main", { owner: "ada", params: fixtures.params ?? {} });
      const answer = requestOf(connector, await consent(url), headers.get("set-cookie")?.split(";")[0] ?? "");
      const { connection } = await keeper.finish(answer, { owner: "ada" });
      const status = await connection.status();
      assert.equal(status.state, "active");
      const names = connector.identify ?? connector.userinfoEndpoint ?? connector.issuer;
      if (names !== undefined) assert.ok(status.account?.id, "the account is known");

      const [tokenSet = "default"] = Object.keys(status.tokenSets);
      const first = await connection.token({ as: tokenSet });
      assert.deepEqual(status.tokenSets[tokenSet]?.scopes.missing, []);
      ahead += (lifetimeSeconds + 1) * 1000;
      const second = await connection.token({ as: tokenSet });
      assert.notEqual(second.accessToken, first.accessToken, "a refresh brings another access token");
      assert.equal(provider.log.reuseDetected, 0);

      const revokes = connector.revoke ?? connector.revocationEndpoint ?? undiscovered(connector);
      const expected = revokes === undefined ? "unsupported" : "revoked";
      assert.deepEqual(await connection.disconnect(), { revocation: expected });
    } finally {
      await keeper.close();
      await provider.close();
    }
  });
}

/** The emulator publishes an endpoint for revocation where it is asked for its metadata. */
function undiscovered({ issuer, authorizationEndpoint }: Connector): string | undefined {
  return authorizationEndpoint === undefined ? issuer : undefined;
}

function requestOf({ responseMode }: Connector, callback: URL, cookie: string): Request {
  if (responseMode === undefined) return new Request(callback, { headers: { cookie } });
  const body = callback.searchParams;
  return new Request(`${callback.origin}${callback.pathname}`, { method: "POST", headers: { cookie }, body });
}
