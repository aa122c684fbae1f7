import type { Connection, IdentifiedConnection } from "./connection/connection.ts";
import { checkMetadata, createConnections } from "./connection/connections.ts";
import { createTokenCache } from "./connection/token-cache.ts";
import { createTokens } from "./connection/tokens.ts";
import type { JsonObject } from "./connector/json.ts";
import type { Account, Connector } from "./connector/types.ts";
import { GrantkeeperError } from "./errors.ts";
import { type ConnectionEvents, createEvents, type EventName, type Logger } from "./events.ts";
import { type Adopt, type AdoptedTokens, createAdopt } from "./flow/adopt.ts";
import { createBrowserBinding } from "./flow/browser-binding.ts";
import { createConnect } from "./flow/connect.ts";
import { createFlows } from "./flow/flow.ts";
import type { CallbackRequest, FlowStart, StartedFlow } from "./flow/types.ts";
import { createGrants } from "./grant/grants.ts";
import { createLeases } from "./grant/leases.ts";
import { createRevocation } from "./grant/revocation.ts";
import { createConnectors } from "./provider/connectors.ts";
import type { Fetch } from "./provider/http.ts";
import { createProviderRequests } from "./provider/requests.ts";
import { isLoopback } from "./provider/server.ts";
import { createTokenEndpoint } from "./provider/token-endpoint.ts";
import { createRefresh } from "./refresh/refresh.ts";
import { keyvStore } from "./store/keyv-store.ts";
import type { Store } from "./store/port.ts";
import { openIndex } from "./vault/index-key.ts";
import { createKeyring, type KeyConfig } from "./vault/keyring.ts";
import { createVault } from "./vault/vault.ts";

/** Connectors under the names that the application gives them. */
export type ConnectorMap = Readonly<Record<string, Connector>>;

/** Names of the params that a connector needs at every start. */
export type ParamOf<C> = C extends Connector<infer Param, infer _> ? Param : never;
/** Names of the token sets beside `default` that a connector's consent gives. */
export type TokenSetOf<C> = C extends Connector<infer _, infer TokenSet> ? TokenSet : never;

type ParamsOption<C> = [ParamOf<C>] extends [never]
  ? { readonly params?: undefined }
  : { readonly params: { readonly [Name in ParamOf<C>]: string } };

/** What a start takes: `params` exactly where the connector has some, unless a connection is reconnected. */
export type StartOptions<C> = Omit<FlowStart, "params"> &
  (ParamsOption<C> | { readonly connectionId: string; readonly params?: undefined });

export type AdoptOptions<C> = {
  readonly owner: string;
  readonly tokens: AdoptedTokens;
  /** Token sets beside `default`. */
  readonly tokenSets?: { readonly [Name in TokenSetOf<C>]?: AdoptedTokens };
  /** Whose account it is, where the provider cannot be asked because the access token has expired. */
  readonly account?: Account;
  readonly metadata?: JsonObject;
} & ParamsOption<C>;

export interface KeeperOptions<Map extends ConnectorMap> {
  readonly connectors: Map;
  /** Left out: in memory, for one process. */
  readonly store?: Store;
  /** The first one seals, all of them open. There is no default: grants are never stored unencrypted. */
  readonly keys: readonly KeyConfig[];
  /** An https URL of the application; each connector's redirect URI is `<callbackUrl>/<connector>/callback`. */
  readonly callbackUrl: string;
  /** Origins beside the application's own where `returnTo` may lead. */
  readonly returnToOrigins?: readonly string[];
  readonly logger?: Logger;
  readonly fetch?: typeof globalThis.fetch;
  /** Unix milliseconds. */
  readonly now?: () => number;
  /** For how many seconds a valid token is served from memory before its row is looked at again. Default 10. */
  readonly cacheFor?: number;
  /** How many opened grants are held in memory. Default 10,000. */
  readonly cacheSize?: number;
  /** Refreshes behind a token that is still good. Default true; false where a process stops with its answer. */
  readonly backgroundRefresh?: boolean;
  /** Takes work that goes on after an answer, as serverless platforms offer. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

export interface Keeper<Map extends ConnectorMap = ConnectorMap> {
  readonly connectors: Map;
  readonly callbackUrl: URL;
  /** Starts a flow: send the browser to `url`, with `headers` on the answer. RFC 6749, section 4.1.1. */
  start<Key extends keyof Map & string>(connector: Key, options: StartOptions<Map[Key]>): Promise<StartedFlow>;
  /** Finishes a flow from the request to its callback. Another user's or browser's is refused, and nothing is stored. */
  finish(
    request: CallbackRequest,
    options: { readonly owner: string },
  ): Promise<{ readonly connection: IdentifiedConnection; readonly returnTo: string }>;
  /** A handle on a connection; nothing is read before it is used. */
  connection<Key extends keyof Map & string>(
    connector: Key,
    selector: { readonly id: string; readonly owner?: string },
  ): IdentifiedConnection<TokenSetOf<Map[Key]>>;
  connection<Key extends keyof Map & string>(
    connector: Key,
    selector: { readonly owner: string; readonly params?: { readonly [Name in ParamOf<Map[Key]>]?: string } },
  ): Connection<TokenSetOf<Map[Key]>>;
  /** All connections that match, in pages behind the scenes. */
  connections(filter?: {
    readonly owner?: string;
    readonly connector?: keyof Map & string;
    readonly state?: "active" | "needs_reauthorization";
  }): AsyncIterable<IdentifiedConnection>;
  /** Keeps tokens that the application already has. */
  adopt<Key extends keyof Map & string>(
    connector: Key,
    options: AdoptOptions<Map[Key]>,
  ): Promise<IdentifiedConnection<TokenSetOf<Map[Key]>>>;
  /** Listens in this process, at best effort: `connections()` is the durable truth. Returns a function that stops it. */
  on<Name extends EventName>(name: Name, listener: (event: ConnectionEvents[Name]) => void): () => void;
  /** Waits for refreshes that run, then closes the store. */
  close(): Promise<void>;
}

const callTimeoutMs = 10_000;
const leaseMs = 30_000;
const waitMs = 45_000;
/** For how long a closing keeper still tries to save a refreshed token in a store that is down. */
const drainMs = 10_000;
const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Puts a keeper together. Throws `invalid_config` for whatever could not work later; reads nothing yet. */
export function createKeeper<const Map extends ConnectorMap>(options: KeeperOptions<Map>): Keeper<Map> {
  const now = options.now ?? Date.now;
  const logger = options.logger ?? silent;
  const fetch: Fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
  const callbackUrl = checkCallbackUrl(options.callbackUrl);
  const connectors = createConnectors(options.connectors);
  const vault = createVault(createKeyring(options.keys));
  const store = options.store ?? keyvStore();
  if (store.kind === "memory") {
    // Said on the console where there is no logger: losing every grant at a restart must not come as a surprise.
    (options.logger ?? console).warn(
      "Grantkeeper keeps grants in memory: for one process, and gone when it stops. Give createKeeper a store.",
    );
  }
  let closedAt: number | undefined;

  const events = createEvents(now, logger);
  const grants = createGrants(store, vault, () => openIndex(store, vault));
  const tokenEndpoint = createTokenEndpoint({ fetch, now, callTimeoutMs });
  const providerRequests = createProviderRequests({ fetch, now, callTimeoutMs });
  const leases = createLeases({ store, grants, now, leaseMs, waitMs });
  const revocation = createRevocation({ connectors, grants, store, tokenEndpoint, providerRequests });
  const refresh = createRefresh({
    connectors,
    grants,
    leases,
    tokenEndpoint,
    revocation,
    events,
    now,
    leaseMs,
    callTimeoutMs,
    recoveryWaitMs: 2 * leaseMs,
    isClosed: () => closedAt !== undefined && now() - closedAt > drainMs,
  });
  const cache = createTokenCache(options.cacheSize ?? 10_000);
  const cacheForMs = (options.cacheFor ?? 10) * 1000;
  const { backgroundRefresh = true, waitUntil } = options;
  const tokens = createTokens({
    connectors,
    grants,
    store,
    refresh,
    tokenEndpoint,
    providerRequests,
    cache,
    logger,
    now,
    cacheForMs,
    backgroundRefresh,
    waitUntil,
  });
  const connect = createConnect({ grants, store, leases, events, now });
  const flows = createFlows({
    connectors,
    grants,
    store,
    vault,
    tokenEndpoint,
    providerRequests,
    connect,
    refresh,
    binding: createBrowserBinding(callbackUrl),
    callbackUrl,
    returnToOrigins: options.returnToOrigins ?? [],
    now,
    logger,
  });
  const connections = createConnections({
    connectors,
    grants,
    store,
    leases,
    tokens,
    refresh,
    flows,
    revocation,
    tokenEndpoint,
    cache,
    events,
    fetch,
    now,
    cacheForMs,
    assertOpen,
  });
  const adopt: Adopt = createAdopt({ connectors, tokenEndpoint, providerRequests, connect, now });

  function assertOpen(): void {
    if (closedAt !== undefined) throw new GrantkeeperError("closed", "The keeper was closed.");
  }

  const keeper: Keeper = {
    connectors: options.connectors,
    callbackUrl,
    async start(connector, start) {
      assertOpen();
      if (start.metadata !== undefined) checkMetadata(start.metadata);
      return flows.start(connector, start);
    },
    async finish(request, { owner }) {
      assertOpen();
      const { connectorKey, connectionId, returnTo } = await flows.finish(request, { owner });
      cache.delete(connectionId);
      return { connection: connections.byId(connectorKey, connectionId, owner), returnTo };
    },
    connection: ((connector, selector) => {
      assertOpen();
      return connections.select(connector, selector);
    }) as Keeper["connection"],
    connections(filter = {}) {
      assertOpen();
      return connections.list(filter);
    },
    async adopt(connector, request) {
      assertOpen();
      if (request.metadata !== undefined) checkMetadata(request.metadata);
      const connectionId = await adopt(connector, request);
      cache.delete(connectionId);
      return connections.byId(connector, connectionId, request.owner);
    },
    on: events.on,
    async close() {
      if (closedAt !== undefined) return;
      closedAt = now();
      await leases.idle();
      cache.clear();
      await store.close();
    },
  };
  return keeper as unknown as Keeper<Map>;
}

/** RFC 9700, section 2.6: https, and http on the loopback interface only. */
function checkCallbackUrl(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  if (
    url !== undefined &&
    secure &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    !/[?#]/.test(value)
  ) {
    return url;
  }
  throw new GrantkeeperError(
    "invalid_config",
    "callbackUrl must be an https URL (http on localhost) without user, query or fragment.",
  );
}
