import { openAudit } from "./audit/open-audit.ts";
import { tellUnreadable } from "./audit/unreadable.ts";
import { createConnections } from "./connection/connections.ts";
import { createDisconnect } from "./connection/disconnect.ts";
import { createErasure } from "./connection/erase.ts";
import { createIntrospected } from "./connection/introspected.ts";
import { createTokenCache } from "./connection/token-cache.ts";
import { createTokens } from "./connection/tokens.ts";
import { createEnvironment, type Environment } from "./environment.ts";
import { GrantkeeperError, isGrantkeeperError } from "./errors.ts";
import { createEvents, type Logger } from "./events.ts";
import { type Adopt, createAdopt } from "./flow/adopt.ts";
import { createBrowserBinding } from "./flow/browser-binding.ts";
import { createComplete } from "./flow/complete.ts";
import { createConnect } from "./flow/connect.ts";
import { createCredentialConnect } from "./flow/connect-credentials.ts";
import { createDeviceFlows } from "./flow/device.ts";
import { createFlows } from "./flow/flow.ts";
import { createAfterRestore } from "./grant/after-restore.ts";
import { createGrants } from "./grant/grants.ts";
import { createKeyUsage } from "./grant/key-usage.ts";
import { createLeases } from "./grant/leases.ts";
import { createRevocation } from "./grant/revocation.ts";
import { createRevocationJobs } from "./grant/revocation-jobs.ts";
import { createRotateKeys } from "./grant/rotate-keys.ts";
import type { ConnectorMap, Keeper, KeeperOptions } from "./keeper-api.ts";
import { keeperOf } from "./keeper-methods.ts";
import { checkCacheKeysFor, checkCallbackUrl, checkOrigins, checkRefreshTimes } from "./keeper-options.ts";
import { createConnectors } from "./provider/connectors.ts";
import { isGuardedFetch } from "./provider/guard.ts";
import type { Fetch } from "./provider/http.ts";
import { createProviderRequests } from "./provider/requests.ts";
import { isVerificationOff } from "./provider/tls.ts";
import { createTokenEndpoint } from "./provider/token-endpoint.ts";
import { createTransport } from "./provider/transport.ts";
import { createFileJournal } from "./refresh/file-journal.ts";
import { type Journal, noJournal } from "./refresh/journal.ts";
import { adoptJournal } from "./refresh/journalled.ts";
import { createKeepAlive } from "./refresh/keep-alive.ts";
import { createRefresh } from "./refresh/refresh.ts";
import type { SaveOptions } from "./refresh/save-refreshed.ts";
import { keyvStore } from "./store/keyv-store.ts";
import { withStoreErrors } from "./store/store-errors.ts";
import { createDataKeys } from "./vault/data-keys.ts";
import { openIndex } from "./vault/index-key.ts";
import { createKeySet } from "./vault/key-set.ts";
import { createKeyProviders } from "./vault/keyring.ts";
import { createVault } from "./vault/vault.ts";

/** For how long a closing keeper still tries to save a refreshed token in a store that is down. */
const drainMs = 10_000;
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Puts a keeper together. Throws `invalid_config` for whatever could not work later; reads nothing yet. */
export function createKeeper<const Map extends ConnectorMap>(options: KeeperOptions<Map>): Keeper<Map> {
  return assembleKeeper(options, createEnvironment(options.now), undefined);
}

/** The same on another machine than this one, as far as {@link Environment} goes. */
export function assembleKeeper<const Map extends ConnectorMap>(
  options: KeeperOptions<Map>,
  environment: Environment,
  otherJournal: Journal | undefined,
): Keeper<Map> {
  const { now, after } = environment;
  const logger = options.logger === undefined ? silent : neverThrowing(options.logger);
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  const { callTimeoutMs, leaseMs, recoveryWaitMs } = checkRefreshTimes(options.refresh);
  const callbackUrl = checkCallbackUrl(options.callbackUrl);
  const cacheForMs = (options.cacheFor ?? 10) * 1000;
  const fetchIsGuarded = isGuardedFetch(options.fetch);
  const connectors = createConnectors(options.connectors, { now, cacheForMs, fetchIsGuarded });
  const providers = createKeyProviders(options.keys);
  const keyTimes = { lifetimeMs: checkCacheKeysFor(options.cacheKeysFor), now };
  const store = withStoreErrors(options.store ?? keyvStore(), now);
  const keySet = createKeySet({ records: store.records, providers, ...keyTimes });
  const vault = createVault(keySet);
  const returnToOrigins = checkOrigins(options.returnToOrigins ?? []);
  // Said on the console where there is no logger: neither must come as a surprise.
  const warn = (message: string): void => (options.logger === undefined ? console : logger).warn(message);
  if (isVerificationOff()) {
    warn(
      "NODE_TLS_REJECT_UNAUTHORIZED=0 lets anybody on the network read and change what is sent to providers. Grantkeeper refuses it under NODE_ENV=production.",
    );
  }
  if (store.kind === "memory") {
    warn("Grantkeeper keeps grants in memory: for one process, and gone when it stops. Give createKeeper a store.");
  }
  let closedAt: number | undefined;

  const events = createEvents(now, logger);
  const dataKeys = createDataKeys({ vault, ...keyTimes });
  const grants = createGrants({
    store,
    dataKeys,
    openIndex: () => openIndex(store, vault),
    connectors,
    environment,
    onUnreadable: tellUnreadable(events),
    // What a process of this host could not save before it died; nobody has to wait for it.
    onOpen() {
      if (closedAt === undefined) counted(() => adoptJournal(saving)).catch(reportOf("The journal could not be read"));
    },
  });
  const transport = createTransport({ fetch: options.fetch, after, callTimeoutMs });
  const tokenEndpoint = createTokenEndpoint({ transport, now });
  const providerRequests = createProviderRequests({ transport, now });
  const isClosing = (): boolean => closedAt !== undefined;
  const leases = createLeases({ store, grants, environment, leaseMs, waitMs: 1.5 * leaseMs, isClosing });
  const revocation = createRevocation({ connectors, grants, store, tokenEndpoint, providerRequests, now });
  const saving: SaveOptions = {
    grants,
    leases,
    revocation,
    journal: otherJournal ?? openJournal(),
    events,
    logger,
    environment,
    isClosed: () => closedAt !== undefined && now() - closedAt > drainMs,
    recoveryWaitMs,
  };
  const refresh = createRefresh({
    ...saving,
    connectors,
    tokenEndpoint,
    leaseMs,
    callTimeoutMs,
  });
  const keepAlive = createKeepAlive({ store, grants, connectors, refresh, environment, logger, leaseMs });
  const revocationJobs = createRevocationJobs({
    ...{ store, vault, revocation, environment, ready: grants.ready },
    onRevoked: (connector, connectionId) => events.emit("connection.revoked", { connector, connectionId }, undefined),
    onFailure: (code) => logger.warn("A revocation could not be made yet", { code }),
  });
  const afterRestore = createAfterRestore({
    ...{ store, grants, leases, connectors, environment },
    onFailure: (connectionId, code) =>
      logger.error("A restored connection could not be marked", { connectionId, code }),
  });
  const audit = openAudit(options.audit, {
    ...{ events, logger, environment, grants, vault, isClosed: saving.isClosed },
    storeOf: (given) => (given === options.store ? store : withStoreErrors(given, now)),
  });
  const keyUsage = createKeyUsage({
    store,
    vault,
    journalKeys: saving.journal.sealedBy,
    recordKeys: audit.keys,
    ready: grants.ready,
  });
  const rotateKeys = createRotateKeys({
    store,
    dataKeys,
    ready: grants.ready,
    rereadKeys: keySet.reread,
    renew: keySet.renew,
    async resealRecords() {
      await openIndex(store, vault);
      await audit.reseal();
    },
    onRewrapped: ({ connectionId, connector, ownerHash }) =>
      events.emit("connection.keys_rotated", { connector, connectionId }, { ownerHash }),
    onFailure: (connectionId, code) => logger.error("A data key could not be rewrapped", { connectionId, code }),
  });
  const cache = createTokenCache(options.cacheSize ?? 10_000);
  const { backgroundRefresh = true, waitUntil } = options;
  const tokens = createTokens({
    connectors,
    grants,
    store,
    refresh,
    tokenEndpoint,
    providerRequests,
    introspected: createIntrospected({ connectors, grants, tokenEndpoint, providerRequests, logger, now }),
    cache,
    events,
    logger,
    now,
    cacheForMs,
    backgroundRefresh,
    waitUntil,
  });
  const connect = createConnect({ grants, store, leases, events, environment });
  const complete = createComplete({ ...{ grants, store, providerRequests, logger, connect, refresh, now } });
  const flows = createFlows({
    connectors,
    grants,
    store,
    vault,
    tokenEndpoint,
    complete,
    binding: createBrowserBinding(callbackUrl),
    crossSite: Object.values(options.connectors).some(
      (connector) => typeof connector !== "function" && connector.responseMode === "form_post",
    ),
    callbackUrl,
    returnToOrigins,
    now,
  });
  const disconnect = createDisconnect({
    ...{ connectors, grants, store, leases, refresh, revocation, revocationJobs, cache, events, now },
  });
  const connections = createConnections({
    connectors,
    grants,
    store,
    leases,
    tokens,
    flows,
    disconnect,
    tokenEndpoint,
    cache,
    events,
    fetch,
    now,
    cacheForMs,
    isOpen: () => closedAt === undefined,
    assertOpen,
  });
  const erasure = createErasure({
    ...{ store, grants, vault, journal: saving.journal, revocation, revocationJobs, disconnect, events, now },
    forget: audit.forget,
  });
  const connectCredentials = createCredentialConnect({ connectors, grants, tokenEndpoint, complete, now });
  const devices = createDeviceFlows({
    ...{ connectors, tokenEndpoint, complete, environment, counted, ready: grants.ready },
  });
  const adopt: Adopt = createAdopt({ connectors, tokenEndpoint, providerRequests, connect, now });

  const running = new Set<Promise<unknown>>();
  let closing: Promise<void> | undefined;

  /** Counts work that a closing keeper waits for: a code that was exchanged is to be saved. */
  function counted<Result>(work: () => Promise<Result>): Promise<Result> {
    assertOpen();
    const promise = work();
    running.add(promise);
    const done = (): void => void running.delete(promise);
    promise.then(done, done);
    return promise;
  }

  async function close(): Promise<void> {
    closedAt = now();
    devices.stop();
    await Promise.allSettled(running);
    await leases.drain();
    await audit.settled();
    cache.clear();
    await store.close();
  }

  function openJournal(): Journal {
    if (options.journal === undefined) return noJournal;
    return createFileJournal({ directory: options.journal.directory, vault, now });
  }

  function reportOf(message: string): (error: unknown) => void {
    return (error) => logger.error(message, { code: isGrantkeeperError(error) ? error.code : "unknown" });
  }

  function assertOpen(): void {
    if (closedAt !== undefined) throw new GrantkeeperError("closed", "The keeper was closed.");
  }

  const keeper = keeperOf({
    ...{ connectors: options.connectors, callbackUrl, flows, devices, connectCredentials, adopt, connections, cache },
    ...{ events, rotateKeys, keyUsage, keepAlive, afterRestore, erasure, now, assertOpen, counted },
    actsOf: audit.actsOf,
    retryRevocations: revocationJobs.retry,
    close() {
      closing ??= close();
      return closing;
    },
  });
  return keeper as unknown as Keeper<Map>;
}

/** What happens to a grant must not depend on whether a log can be written. */
function neverThrowing(logger: Logger): Logger {
  const guarded =
    (level: keyof Logger): Logger[keyof Logger] =>
    (message, fields) => {
      try {
        logger[level](message, fields);
      } catch {
        // There is nobody left to tell.
      }
    };
  return { debug: guarded("debug"), info: guarded("info"), warn: guarded("warn"), error: guarded("error") };
}
