export type { AuditAct } from "./audit/acts.ts";
export { type AuditLog, type AuditLogOptions, type AuditVerification, auditLog } from "./audit/audit-log.ts";
export type { AuditEntry, AuditPage, AuditQuery } from "./audit/entries.ts";
export type { AuditFault, AuditHead } from "./audit/verify.ts";
export type { AccessToken } from "./connection/access-token.ts";
export type { ApiRequestInit } from "./connection/api-fetch.ts";
export type {
  Connection,
  ConnectionStatus,
  IdentifiedConnection,
  ReconnectStart,
  ScopeCheck,
  TokenSetStatus,
} from "./connection/connection.ts";
export type { ErasureReceipt } from "./connection/erase.ts";
export type { TokenOptions } from "./connection/tokens.ts";
export type { Json, JsonObject } from "./connector/json.ts";
export type { Account, Connector } from "./connector/types.ts";
export { type ErrorCode, GrantkeeperError, isGrantkeeperError, type Remedy } from "./errors.ts";
export type { ConnectionEvent, ConnectionEvents, EventName, LogFields, Logger } from "./events.ts";
export type { AdoptedTokens } from "./flow/adopt.ts";
export type { CallbackRequest, FlowStart, StartedFlow } from "./flow/types.ts";
export type { ReauthorizationReason } from "./grant/grant.ts";
export type { KeyUse } from "./grant/key-usage.ts";
export type { PassOptions, PassProgress } from "./grant/pass.ts";
export type { RevocationOutcome } from "./grant/revocation.ts";
export type { RotateKeysPass } from "./grant/rotate-keys.ts";
export { createHandler, type Handler, type HandlerOptions, type IncomingRequest } from "./handler.ts";
export { createKeeper } from "./keeper.ts";
export type {
  AdoptOptions,
  AfterRestorePass,
  ConnectOptions,
  ConnectorMap,
  CredentialOf,
  DeviceFlow,
  DeviceOptions,
  IdentifiedRestrictedConnection,
  Keeper,
  KeeperOptions,
  OwnerExport,
  ParamOf,
  Permission,
  RefreshTimes,
  RestrictedConnection,
  RestrictedKeeper,
  Restriction,
  StartOptions,
  TokenSetOf,
} from "./keeper-api.ts";
export type { ConnectorOfOwner } from "./provider/connectors.ts";
export { type KeyvLike, type KeyvStoreOptions, keyvStore } from "./store/keyv-store.ts";
export type { Store } from "./store/port.ts";
export type { KeyContext, KeyProvider } from "./vault/key-provider.ts";
export { type ConfiguredKey, generateKey, type KeyConfig } from "./vault/keyring.ts";
