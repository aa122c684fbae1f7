export type { AdoptedTokens } from "./adopt.ts";
export type { ApiRequestInit } from "./api-fetch.ts";
export type { Connection, ConnectionStatus, IdentifiedConnection, TokenSetStatus } from "./connection.ts";
export type { Json, JsonObject } from "./connector/json.ts";
export type { Account, Connector } from "./connector/types.ts";
export { type ErrorCode, GrantkeeperError, isGrantkeeperError, type Remedy } from "./errors.ts";
export type { ConnectionEvent, ConnectionEvents, EventName, LogFields, Logger, RevocationOutcome } from "./events.ts";
export type { CallbackRequest, FlowStart, StartedFlow } from "./flow.ts";
export type { ReauthorizationReason } from "./grants.ts";
export { createHandler, type Handler, type HandlerOptions, type IncomingRequest } from "./handler.ts";
export {
  type AdoptOptions,
  type ConnectorMap,
  createKeeper,
  type Keeper,
  type KeeperOptions,
  type ParamOf,
  type StartOptions,
  type TokenSetOf,
} from "./keeper.ts";
export { type KeyvLike, type KeyvStoreOptions, keyvStore } from "./store/keyv-store.ts";
export type { Store } from "./store/port.ts";
export type { AccessToken, TokenOptions } from "./tokens.ts";
export { generateKey, type KeyConfig } from "./vault/keyring.ts";
