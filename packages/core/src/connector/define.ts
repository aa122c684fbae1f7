import type { Connector } from "./types.ts";

/** Freezes a connector's specification, and keeps the names of its params, token sets and credentials in its type. */
export function defineConnector<
  Param extends string = never,
  TokenSet extends string = never,
  Credential extends string = never,
>(specification: Connector<Param, TokenSet, Credential>): Connector<Param, TokenSet, Credential> {
  return Object.freeze(specification);
}
