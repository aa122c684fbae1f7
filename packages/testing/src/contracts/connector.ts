import type { Connector } from "@grantkeeper/core/connector";
import { testCredentialShape } from "./connector-credential-shape.ts";
import { testCredentials } from "./connector-credentials.ts";
import { type ConnectorFixtures, testFixtures } from "./connector-fixtures.ts";
import { testHostility } from "./connector-hostile.ts";
import { testKeeper } from "./connector-keeper.ts";
import { hasConsent, testShape } from "./connector-shape.ts";
import { testWalk } from "./connector-walk.ts";
import type { TestFunction } from "./test-function.ts";

/**
 * Registers the tests that every connector must pass: its fields, its provider's documented answers, hostile answers,
 * a walk through its emulation over real HTTP, and the same in a keeper: by a user's consent, by credentials, or both. `test` is that of vitest or of node:test.
 */
export function connectorContract(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  testShape(test, connector, fixtures);
  testFixtures(test, connector, fixtures);
  testHostility(test, connector, fixtures);
  if (connector.credentials !== undefined) {
    testCredentialShape(test, connector, fixtures);
    testCredentials(test, connector, fixtures);
  }
  if (!hasConsent(connector)) return;
  testWalk(test, connector, fixtures);
  testKeeper(test, connector, fixtures);
}
