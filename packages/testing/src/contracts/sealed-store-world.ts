import assert from "node:assert/strict";
import {
  auditLog,
  type Connection,
  createKeeper,
  generateKey,
  isGrantkeeperError,
  type Keeper,
  type KeeperOptions,
  type KeyConfig,
} from "@grantkeeper/core";
import type { Connector } from "@grantkeeper/core/connector";
import type { Store } from "@grantkeeper/core/store";
import { consent } from "../consent.ts";
import { exampleConnector } from "../provider/example-connector.ts";
import type { EmulatedProvider, Fault } from "../provider/options.ts";
import { startProvider } from "../provider/start.ts";
import type { RawRow, SealedStoreUnderTest, StoreDoor } from "./sealed-store-door.ts";
import { hex } from "./store-rows.ts";

export type Connectors = { readonly one: Connector<never, "user">; readonly other: Connector<never, "user"> };
export type ConnectorKey = keyof Connectors;
export type WorldKeeper = Keeper<Connectors>;
export type WorldOptions = Partial<KeeperOptions<Connectors>>;

/** A connection, and whose it is. */
export interface Connected {
  readonly id: string;
  readonly connector: ConnectorKey;
  readonly owner: string;
}

export type Way = "by id" | "by owner";

export interface SealedWorld {
  readonly door: StoreDoor;
  readonly openStore: () => Store;
  readonly scope: Store["scope"];
  readonly providers: Readonly<Record<ConnectorKey, EmulatedProvider<Connector<never, "user">>>>;
  readonly key: KeyConfig;
  /** A keeper on a store of its own, which has nothing in memory; `audited` ones write an audit log into that store. */
  readonly open: (options?: WorldOptions & { readonly audited?: boolean }) => WorldKeeper;
  /** Uses a store on the place, without a keeper. */
  readonly withStore: <Result>(work: (store: Store) => Promise<Result>) => Promise<Result>;
  readonly close: (keeper: WorldKeeper) => Promise<void>;
  readonly advance: (seconds: number) => void;
  /** While it is set, providers answer revocations with it. */
  revocationFault: Fault | undefined;
}

export type SealedStoreTest = (name: string, run: (it: SealedWorld) => Promise<void>) => void;

const callbackUrl = "https://app.example.com/connect";
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Runs with two providers and with keepers on a place of the store's, and closes all of it. */
export async function withWorld(
  { openStore, door, dispose }: SealedStoreUnderTest,
  run: (it: SealedWorld) => Promise<void>,
  connectorOf: (id: ConnectorKey) => Connectors[ConnectorKey] = (id) => exampleConnector({ id }),
): Promise<void> {
  let offset = 0;
  const now = () => Date.now() + offset;
  const api = ({ url }: { readonly url: URL }) => (url.pathname === "/revoke" ? world.revocationFault : undefined);
  const start = (id: ConnectorKey) =>
    startProvider(connectorOf(id), { accessTokenLifetime: 3600, now, faults: { api } });
  const providers = { one: await start("one"), other: await start("other") };
  const key: KeyConfig = { id: "2026-11", secret: generateKey() };
  const keepers = new Set<WorldKeeper>();
  const unused = openStore();
  await unused.close();
  const world: SealedWorld = {
    ...{ openStore, door, providers, key, revocationFault: undefined, scope: unused.scope },
    open({ audited = false, ...options } = {}) {
      const store = openStore();
      const keeper = createKeeper<Connectors>({
        connectors: { one: providers.one.connector, other: providers.other.connector },
        ...{ store, keys: [key], callbackUrl, now, logger: silent },
        ...(audited ? { audit: auditLog(store) } : {}),
        ...options,
      });
      keepers.add(keeper);
      return keeper;
    },
    async withStore(work) {
      const store = openStore();
      try {
        await store.migrate();
        return await work(store);
      } finally {
        await store.close();
      }
    },
    async close(keeper) {
      keepers.delete(keeper);
      await keeper.close();
    },
    advance(seconds) {
      offset += seconds * 1000;
    },
  };
  try {
    await run(world);
  } finally {
    for (const keeper of keepers) await keeper.close();
    for (const provider of Object.values(providers)) await provider.close();
    await dispose();
  }
}

/** A flow up to where the browser is back with the provider's answer. */
export async function begin(
  keeper: WorldKeeper,
  connector: ConnectorKey,
  {
    owner,
    accountId,
    connectionId,
  }: { readonly owner: string; readonly accountId: string; readonly connectionId?: string },
): Promise<Request> {
  const { url, headers } = await keeper.start(connector, {
    owner,
    ...(connectionId === undefined ? {} : { connectionId }),
  });
  const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
  return new Request(await consent(url, { accountId }), { headers: { cookie } });
}

export async function connect(
  keeper: WorldKeeper,
  connector: ConnectorKey,
  choice: { readonly owner: string; readonly accountId: string; readonly connectionId?: string },
): Promise<Connected> {
  const { owner } = choice;
  const { connection } = await keeper.finish(await begin(keeper, connector, choice), { owner });
  return { id: connection.id, connector, owner };
}

export interface ConnectedAll {
  readonly keeper: WorldKeeper;
  readonly ada: Connected;
  readonly grace: Connected;
  readonly bob: Connected;
  readonly elsewhere: Connected;
}

/** Ada and grace with the same account, bob with another one at the same provider, ada at the other provider. */
export async function connectAll(it: SealedWorld, options?: WorldOptions): Promise<ConnectedAll> {
  const keeper = it.open(options);
  const ada = await connect(keeper, "one", { owner: "ada", accountId: "1001" });
  const grace = await connect(keeper, "one", { owner: "grace", accountId: "1001" });
  const bob = await connect(keeper, "one", { owner: "bob", accountId: "1002" });
  const elsewhere = await connect(keeper, "other", { owner: "ada", accountId: "1001" });
  return { keeper, ada, grace, bob, elsewhere };
}

/** Everything that can be asked of a connection, by each of these ways to it. */
export function usesOf(
  keeper: WorldKeeper,
  { id, connector, owner }: Connected,
  ways: readonly Way[],
): Readonly<Record<string, () => Promise<unknown>>> {
  const uses = ways.map((way): Readonly<Record<string, () => Promise<unknown>>> => {
    const connection: Connection =
      way === "by id" ? keeper.connection(connector, { id, owner }) : keeper.connection(connector, { owner });
    return {
      [`status ${way}`]: () => connection.status(),
      [`token ${way}`]: () => connection.token(),
      [`fetch ${way}`]: () => connection.fetch("me"),
      [`reconnect ${way}`]: () => connection.reconnect(),
      [`setMetadata ${way}`]: () => connection.setMetadata({ note: "new" }),
      [`disconnect ${way}`]: () => connection.disconnect(),
    };
  });
  return Object.assign({}, ...uses);
}

export async function codeOf(use: () => Promise<unknown>): Promise<string> {
  try {
    await use();
  } catch (error) {
    return isGrantkeeperError(error) ? error.code : `no GrantkeeperError: ${String(error)}`;
  }
  return "none";
}

/** How many requests the providers have seen. */
export function requestsOf({ providers }: SealedWorld): number {
  return Object.values(providers)
    .map(({ log }) => log.tokenRequests.length + log.apiRequests.length + log.revocations.length)
    .reduce((sum, count) => sum + count, 0);
}

export function forgetRequests({ providers }: SealedWorld): void {
  for (const { log } of Object.values(providers)) log.clear();
}

export async function rawRow({ door }: SealedWorld, { id }: Pick<Connected, "id">): Promise<RawRow> {
  const row = await door.readRow(id);
  assert.ok(row, "the row is there");
  return row;
}

/** Rows as they can be compared: bytes as text. */
export async function rowsAsText(it: SealedWorld, connections: readonly Connected[]): Promise<readonly unknown[]> {
  const rows = [];
  for (const connection of connections) {
    const { sealed, wrappedKey, grantId, version, ownerHash, connector } = await rawRow(it, connection);
    rows.push({ grantId, version, ownerHash, connector, sealed: hex(sealed), wrappedKey: hex(wrappedKey) });
  }
  return rows;
}
