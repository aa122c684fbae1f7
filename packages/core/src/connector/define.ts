import type { Connector } from "./types.ts";

/** Freezes a connector's specification, and keeps the names of its params and token sets in its type. */
export function defineConnector<Param extends string = never, TokenSet extends string = never>(
  specification: Connector<Param, TokenSet>,
): Connector<Param, TokenSet> {
  return Object.freeze(specification);
}
