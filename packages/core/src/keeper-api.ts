import type { AuditLog } from "./audit/audit-log.ts";
import type { AuditEntry } from "./audit/entries.ts";
import type { Connection, IdentifiedConnection } from "./connection/connection.ts";
import type { ErasureReceipt } from "./connection/erase.ts";
import type { ConnectionsExport } from "./connection/export.ts";
import type { JsonObject } from "./connector/json.ts";
import type { Account, Connector } from "./connector/types.ts";
import type { ConnectionEvents, EventName, Logger } from "./events.ts";
import type { AdoptedTokens } from "./flow/adopt.ts";
import type { CredentialConnect } from "./flow/connect-credentials.ts";
import type { DeviceStart } from "./flow/device.ts";
import type { CallbackRequest, FlowStart, StartedFlow } from "./flow/types.ts";
import type { KeyUse } from "./grant/key-usage.ts";
import type { PassOptions, PassProgress } from "./grant/pass.ts";
import type { RotateKeysPass } from "./grant/rotate-keys.ts";
import type { ConnectorOfOwner } from "./provider/connectors.ts";
import type { Store } from "./store/port.ts";
import type { ConfiguredKey } from "./vault/keyring.ts";

/**
 * Connectors under the names that the application gives them. One that is a function gives each owner the connector of the
 * owner's own client.
 */
export type ConnectorMap = Readonly<Record<string, Connector | ConnectorOfOwner>>;

type Given<C> = C extends (tenant: { readonly owner: string }) => infer Result ? Awaited<Result> : C;
type ParamIn<C> = C extends Connector<infer Param, infer _, infer _> ? Param : never;
type TokenSetIn<C> = C extends Connector<infer _, infer TokenSet, infer _> ? TokenSet : never;
type CredentialIn<C> = C extends Connector<infer _, infer _, infer Credential> ? Credential : never;
/** Names of the params that a connector needs at every start. */
export type ParamOf<C> = ParamIn<Given<C>>;
/** Names of the token sets beside `default` that a connector's consent gives. */
export type TokenSetOf<C> = TokenSetIn<Given<C>>;
/** Names of what `keeper.connect` must be given. */
export type CredentialOf<C> = CredentialIn<Given<C>>;

type ParamsOption<C> = [ParamOf<C>] extends [never]
  ? { readonly params?: undefined }
  : { readonly params: { readonly [Name in ParamOf<C>]: string } };

type CredentialsOption<C> = [CredentialOf<C>] extends [never]
  ? { readonly credentials?: undefined }
  : { readonly credentials: { readonly [Name in CredentialOf<C>]: string } };

/** What `keeper.connect` takes: `credentials` and `params` exactly where the connector has some. */
export type ConnectOptions<C> = Pick<CredentialConnect, "owner" | "metadata"> &
  CredentialsOption<C> &
  (
    | (ParamsOption<C> & { readonly connectionId?: undefined })
    | { readonly connectionId: string; readonly params?: undefined }
  );

/** What `keeper.device` takes. */
export type DeviceOptions<C> = Omit<DeviceStart, "params"> & ParamsOption<C>;

/** A sign-in on another device (RFC 8628): show `userCode` and `verificationUri`, then wait for `connection()`. */
export interface DeviceFlow<TokenSet extends string = string> {
  readonly userCode: string;
  readonly verificationUri: string;
  /** The same with the code in it, for a QR code or a link. */
  readonly verificationUriComplete: string | undefined;
  /** Until when the user may enter the code. */
  readonly expiresAt: Date;
  /**
   * The connection, once the user has agreed. A `signal` ends this caller's wait; when nobody waits, the provider is asked
   * no more. Throws `consent_denied`, and `flow_expired` where the user took too long.
   */
  connection(options?: { readonly signal?: AbortSignal }): Promise<IdentifiedConnection<TokenSet>>;
}

/** What a start takes: `params` exactly where the connector has some, unless a connection is reconnected. */
export type StartOptions<C> = Omit<FlowStart, "params" | "connectionId"> &
  (
    | (ParamsOption<C> & { readonly connectionId?: undefined })
    | { readonly connectionId: string; readonly params?: undefined }
  );

export type AdoptOptions<C> = {
  readonly owner: string;
  /** The `default` token set. */
  readonly tokens?: AdoptedTokens;
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
  /** The first one wraps what is new, all of them unwrap. There is no default: grants are never stored unencrypted. */
  readonly keys: readonly ConfiguredKey[];
  /** For how many seconds an unwrapped key is kept in memory. Default 300. */
  readonly cacheKeysFor?: number;
  /** An https URL of the application; each connector's redirect URI is `<callbackUrl>/<connector>/callback`. */
  readonly callbackUrl: string;
  /** Origins beside the application's own where `returnTo` may lead. */
  readonly returnToOrigins?: readonly string[];
  readonly logger?: Logger;
  /** For every request to providers. Where users name the host, what `guardedFetch` of the entry guarded-fetch returns. */
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
  /** How long the steps of a refresh may take. */
  readonly refresh?: RefreshTimes;
  /**
   * Where a refreshed grant is written down, sealed, while its store cannot be reached: a folder on a disk of this host,
   * for all processes of this host that share the store. Left out: it lives in its process until the store is back.
   */
  readonly journal?: { readonly directory: string };
  /** Where what is done to grants is written down: what `auditLog` returns. Left out: nowhere. */
  readonly audit?: AuditLog;
}

/** Times of a refresh, in seconds. */
export interface RefreshTimes {
  /** For the whole of one token request. Default 10. */
  readonly callTimeout?: number;
  /** For how long one process may hold a connection; longer than `callTimeout` by a tenth at least. Default 30. */
  readonly lease?: number;
  /**
   * How long a refresh without an answer is left alone under strict rotation, counted from its start, before its refresh
   * token is tried once more. At least `lease`. Default: twice `lease`.
   */
  readonly recoveryWait?: number;
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
  /**
   * Starts a sign-in on another device (RFC 8628), for a connector with a `deviceAuthorizationEndpoint`. The process that
   * starts it must see it through.
   */
  device<Key extends keyof Map & string>(
    connector: Key,
    options: DeviceOptions<Map[Key]>,
  ): Promise<DeviceFlow<TokenSetOf<Map[Key]>>>;
  /**
   * Makes a connection without a user's consent, of what the connector takes: an API key, a name and a password, a key file,
   * a token to exchange, or the client's own access. The provider is asked first: `credentials_refused` where it does not
   * accept them, and nothing is stored. With `connectionId` that connection gets them, if they are the same account's.
   */
  connect<Key extends keyof Map & string>(
    connector: Key,
    options: ConnectOptions<Map[Key]>,
  ): Promise<IdentifiedConnection<TokenSetOf<Map[Key]>>>;
  /**
   * A handle on a connection; nothing is read before it is used. By `id` alone nobody's ownership is checked: give `owner`
   * too where the id comes from outside. An `owner` that is `undefined` is `invalid_request`, so that nobody signed in
   * never means everybody.
   */
  connection<Key extends keyof Map & string>(
    connector: Key,
    selector: { readonly id: string; readonly owner?: string },
  ): IdentifiedConnection<TokenSetOf<Map[Key]>>;
  connection<Key extends keyof Map & string>(
    connector: Key,
    selector: { readonly owner: string } & ([ParamOf<Map[Key]>] extends [never]
      ? { readonly params?: undefined }
      : { readonly params?: { readonly [Name in ParamOf<Map[Key]>]?: string } }),
  ): Connection<TokenSetOf<Map[Key]>>;
  /** All connections that match, in pages behind the scenes. */
  connections(filter?: {
    readonly owner?: string;
    readonly connector?: keyof Map & string;
    readonly state?: "active" | "needs_reauthorization";
  }): AsyncIterable<IdentifiedConnection>;
  /**
   * Keeps tokens that the application already has. Where the same account is connected already and its tokens have not
   * ended, those stay: what is brought along may be older.
   */
  adopt<Key extends keyof Map & string>(
    connector: Key,
    options: AdoptOptions<Map[Key]>,
  ): Promise<IdentifiedConnection<TokenSetOf<Map[Key]>>>;
  /**
   * A handle for a part of the application that can do no more than it needs to. Whatever else is asked of it is
   * `not_permitted`, and is not there by type.
   */
  as<May extends Permission, Key extends keyof Map & string = keyof Map & string>(
    restriction: Restriction<May, Key>,
  ): RestrictedKeeper<Map, May, Key>;
  /**
   * Runs work whose acts are those of an actor, as the application names its people and parts (1 to 255 printable
   * characters): events and the audit log tell. Of callers who share a refresh, the one that began it counts.
   */
  by<Result>(actor: string, work: () => Result): Result;
  /** Listens in this process, at best effort: `connections()` is the durable truth. Returns a function that stops it. */
  on<Name extends EventName>(name: Name, listener: (event: ConnectionEvents[Name]) => void): () => void;
  /**
   * Wraps the data keys of all connections under the first key of `keys`, online: beside refreshes, in several processes at
   * once, and from the beginning as often as one likes. Every process must have that key before.
   */
  rotateKeys(options?: RotateKeysPass): Promise<PassProgress>;
  /**
   * Counts what is sealed under which key, flows and this host's journal included. A key of `keys` of which nothing is left
   * on any host may be taken away. `onProgress` is told of rows.
   */
  keyUsage(options?: PassOptions): Promise<readonly KeyUse[]>;
  /**
   * Refreshes the connections that would otherwise die of being idle, each in the middle of the life that its provider
   * gives a refresh token. Call it regularly, from any number of processes: they share the work.
   */
  keepAlive(options?: PassOptions): Promise<PassProgress>;
  /**
   * To be called once after a backup of the store was restored, before the application starts: a refresh token that rotates
   * may have been spent since. Each is then tried once, and what was lost with the backup ends as `rotation_response_lost`.
   */
  afterRestore(options?: AfterRestorePass): Promise<PassProgress>;
  /**
   * Erases all that is kept of an owner, here and, by revoking, at the providers: rows with their data keys, consents that
   * have begun, this host's journal. Call it again where it throws: what was done is done. Call it on each host with a
   * journal of its own.
   */
  erase(subject: { readonly owner: string }): Promise<ErasureReceipt>;
  /** What is kept of an owner, without tokens, for JSON. */
  export(subject: { readonly owner: string }): Promise<OwnerExport>;
  /** Tells providers of revocations that they could not be told of when an owner was erased. Call it regularly. */
  retryRevocations(options?: PassOptions): Promise<PassProgress>;
  /** Waits for refreshes that run, then closes the store. */
  close(): Promise<void>;
}

/** What is kept of an owner, as JSON and without tokens: dates are in ISO 8601. */
export interface OwnerExport extends ConnectionsExport {
  /** Of the audit log, where there is one. */
  readonly acts: readonly AuditEntry[];
}

export interface AfterRestorePass extends PassOptions {
  /** The subjects of erasures since the backup: they are erased once more. */
  readonly erased?: readonly string[];
}

/** What a restricted keeper may be allowed: a method of a connection, `connect` (`start`, `finish`, `device` and `connect`), or `list` (`connections`). */
export type Permission = keyof Omit<Connection, "connector"> | "connect" | "list";

export interface Restriction<May extends Permission, Key extends string> {
  /** Who holds it, as the application names its parts: 1 to 255 characters. It stands in errors. */
  readonly actor: string;
  readonly may: readonly May[];
  /** Left out: all connectors. */
  readonly connectors?: readonly Key[];
  /** Left out: every owner's connections. */
  readonly owner?: string;
}

type Allowed<Shape, May> = Pick<Shape, Extract<keyof Shape, May | "connector" | "id">>;
export type RestrictedConnection<May extends Permission, TokenSet extends string = string> = Allowed<
  Connection<TokenSet>,
  May
>;
export type IdentifiedRestrictedConnection<May extends Permission, TokenSet extends string = string> = Allowed<
  IdentifiedConnection<TokenSet>,
  May
>;

/** A keeper that can do what it was given and nothing else: whatever else is asked of it is `not_permitted`. */
export type RestrictedKeeper<Map extends ConnectorMap, May extends Permission, Key extends keyof Map & string> = {
  connection<Connector extends Key>(
    connector: Connector,
    selector: { readonly id: string; readonly owner?: string },
  ): IdentifiedRestrictedConnection<May, TokenSetOf<Map[Connector]>>;
  connection<Connector extends Key>(
    connector: Connector,
    selector: { readonly owner: string; readonly params?: Readonly<Record<string, string>> },
  ): RestrictedConnection<May, TokenSetOf<Map[Connector]>>;
} & ("connect" extends May ? Pick<Keeper<Pick<Map, Key>>, "start" | "finish" | "device" | "connect"> : unknown) &
  ("list" extends May
    ? {
        connections(filter?: {
          readonly owner?: string;
          readonly connector?: Key;
          readonly state?: "active" | "needs_reauthorization";
        }): AsyncIterable<IdentifiedRestrictedConnection<May>>;
      }
    : unknown);
