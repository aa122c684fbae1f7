import type { Connector } from "@grantkeeper/core/connector";
import { type ConnectorFixtures, testFixtures } from "./connector-fixtures.ts";
import { testHostility } from "./connector-hostile.ts";
import { testKeeper } from "./connector-keeper.ts";
import { testShape } from "./connector-shape.ts";
import { testWalk } from "./connector-walk.ts";
import type { TestFunction } from "./test-function.ts";

/**
 * Registers the tests that every connector must pass: its fields, its provider's documented answers, hostile answers,
 * a walk through its emulation over real HTTP, and the same in a keeper. `test` is that of vitest or of node:test.
 */
export function connectorContract(test: TestFunction, connector: Connector, fixtures: ConnectorFixtures): void {
  testShape(test, connector, fixtures);
  testFixtures(test, connector, fixtures);
  testHostility(test, connector, fixtures);
  testWalk(test, connector, fixtures);
  testKeeper(test, connector, fixtures);
}
