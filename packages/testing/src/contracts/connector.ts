import type { Connector } from "@grantkeeper/core/connector";
import { type ConnectorFixtures, testFixtures } from "./connector-fixtures.ts";
import { testHostility } from "./connector-hostile.ts";
import { testShape } from "./connector-shape.ts";
import { testWalk } from "./connector-walk.ts";
import type { TestFunction } from "./test-function.ts";

/**
 * Registers the tests that every connector must pass: its fields, its provider's documented answers, hostile answers,
 * and a walk through its emulation over real HTTP. `test` is that of vitest or of node:test.
 */
export function connectorContract(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  testShape(test, connector, fixtures);
  testFixtures(test, connector, fixtures);
  testHostility(test, connector, fixtures);
  testWalk(test, connector, fixtures);
}
