export { type ConsentChoice, consent } from "./consent.ts";
export { connectorContract } from "./contracts/connector.ts";
export type {
  ConnectorFixtures,
  CredentialFixtures,
  ExpectedTokenSet,
  GivenCredentials,
} from "./contracts/connector-fixtures.ts";
export { type KeyProviderContractOptions, keyProviderContract } from "./contracts/key-provider.ts";
export type { KeyClientOptions, KeyProviderUnderTest, KeyServiceUnderTest } from "./contracts/key-provider-test.ts";
export { sealedStoreContract } from "./contracts/sealed-store.ts";
export type { RawRow, SealedStoreUnderTest, StoreDoor } from "./contracts/sealed-store-door.ts";
export { type StoreContractOptions, storeContract } from "./contracts/store.ts";
export type { StoreUnderTest } from "./contracts/store-rows.ts";
export type { TestFunction } from "./contracts/test-function.ts";
export type { HostileAttack, HostileLeg } from "./hostile/attack.ts";
export { hostileAttacks } from "./hostile/attacks.ts";
export type { HostileRequest } from "./hostile/listener.ts";
export { type HostileProvider, type HostileProviderOptions, startHostileProvider } from "./hostile/start.ts";
export type { DeviceOptions } from "./provider/device/options.ts";
export { failing } from "./provider/failing.ts";
export type {
  ClientCredentialsOptions,
  GrantOptions,
  JwtBearerOptions,
  SubjectToken,
  TokenExchangeOptions,
} from "./provider/grants/options.ts";
export type {
  ApiRequestEntry,
  ClientRequestEntry,
  Lineage,
  ProviderLog,
  RevocationEntry,
  TokenRequestEntry,
} from "./provider/log.ts";
export type {
  EmulatedProvider,
  Fault,
  Faults,
  ProviderOptions,
  SeededGrant,
  SeededTokenSet,
  SeedOptions,
} from "./provider/options.ts";
export { startProvider } from "./provider/start.ts";
export type { ApiKey, BasicCredential } from "./provider/static-credentials.ts";
export type { AddedFault, FaultScope, NetworkFault } from "./proxy/faults.ts";
export type { FaultProxy, FaultProxyOptions } from "./proxy/options.ts";
export { startFaultProxy } from "./proxy/start.ts";
export { type FoundSecret, findSecrets, type MarkedSecret, type SecretForm } from "./secrets/find-secrets.ts";
export { type SecretTap, tapSecrets } from "./secrets/tap-secrets.ts";
