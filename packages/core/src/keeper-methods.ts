import { runAs } from "./actor.ts";
import type { Recorder } from "./audit/recorder.ts";
import { abortable } from "./connection/abortable.ts";
import type { IdentifiedConnection } from "./connection/connection.ts";
import { type Connections, checkMetadata } from "./connection/connections.ts";
import type { Erasure } from "./connection/erase.ts";
import { exportConnections } from "./connection/export.ts";
import type { TokenCache } from "./connection/token-cache.ts";
import type { JsonObject } from "./connector/json.ts";
import type { Events } from "./events.ts";
import type { Adopt } from "./flow/adopt.ts";
import type { createCredentialConnect } from "./flow/connect-credentials.ts";
import type { DeviceFlows } from "./flow/device.ts";
import type { Flows } from "./flow/flow.ts";
import type { createAfterRestore } from "./grant/after-restore.ts";
import type { createKeyUsage } from "./grant/key-usage.ts";
import type { RevocationJobs } from "./grant/revocation-jobs.ts";
import type { RotateKeys } from "./grant/rotate-keys.ts";
import type { ConnectorMap, Keeper } from "./keeper-api.ts";
import { restrictKeeper } from "./keeper-restricted.ts";
import type { KeepAlive } from "./refresh/keep-alive.ts";

/** The parts of a keeper that its methods call. */
export interface KeeperParts {
  readonly connectors: ConnectorMap;
  readonly callbackUrl: URL;
  readonly flows: Flows;
  readonly devices: DeviceFlows;
  readonly connectCredentials: ReturnType<typeof createCredentialConnect>;
  readonly adopt: Adopt;
  readonly connections: Connections;
  readonly cache: TokenCache;
  readonly events: Events;
  readonly rotateKeys: RotateKeys;
  readonly keyUsage: ReturnType<typeof createKeyUsage>;
  readonly keepAlive: KeepAlive;
  readonly afterRestore: ReturnType<typeof createAfterRestore>;
  readonly erasure: Erasure;
  readonly actsOf: Recorder["actsOf"];
  readonly retryRevocations: RevocationJobs["retry"];
  readonly now: () => number;
  /** Throws `closed` once the keeper is closing. */
  readonly assertOpen: () => void;
  /** Runs work that a closing keeper waits for. */
  readonly counted: <Result>(work: () => Promise<Result>) => Promise<Result>;
  readonly close: () => Promise<void>;
}

/** What an application calls, on the parts that do it. */
export function keeperOf(parts: KeeperParts): Keeper {
  const { callbackUrl, flows, devices, connectCredentials, adopt, connections, cache, events } = parts;
  const { rotateKeys, keyUsage, keepAlive, afterRestore, erasure, now, assertOpen, counted } = parts;

  /** The connection that `add` has made or changed, with nothing in memory of what was there before. */
  function added(
    connector: string,
    { owner, metadata }: { readonly owner: string; readonly metadata?: JsonObject | undefined },
    add: () => Promise<string>,
  ): Promise<IdentifiedConnection> {
    return counted(async () => {
      if (metadata !== undefined) checkMetadata(metadata);
      const connectionId = await add();
      cache.delete(connectionId);
      return connections.byId(connector, connectionId, owner);
    });
  }

  const keeper: Keeper = {
    connectors: parts.connectors,
    callbackUrl: new URL(callbackUrl),
    async start(connector, start) {
      assertOpen();
      if (start.metadata !== undefined) checkMetadata(start.metadata);
      return flows.start(connector, start);
    },
    finish: async (request, { owner }) =>
      counted(async () => {
        const { connectorKey, connectionId, returnTo } = await flows.finish(request, { owner });
        cache.delete(connectionId);
        return { connection: connections.byId(connectorKey, connectionId, owner), returnTo };
      }),
    async device(connector, start) {
      assertOpen();
      if (start.metadata !== undefined) checkMetadata(start.metadata);
      const { connected, ...shown } = await devices.start(connector, start);
      return {
        ...shown,
        async connection({ signal } = {}) {
          const connectionId = await abortable(signal, connected(signal));
          cache.delete(connectionId);
          return connections.byId(connector, connectionId, start.owner);
        },
      };
    },
    connect: async (connector, request) => added(connector, request, () => connectCredentials(connector, request)),
    connection: ((connector, selector) => {
      assertOpen();
      return connections.select(connector, selector);
    }) as Keeper["connection"],
    connections(filter = {}) {
      assertOpen();
      return connections.list(filter);
    },
    adopt: async (connector, request) => added(connector, request, () => adopt(connector, request)),
    as: ((restriction) => restrictKeeper(keeper, restriction)) as Keeper["as"],
    by: runAs,
    on: (name, listener) => events.on(name, (event) => listener(event)),
    rotateKeys: async (pass) => counted(() => rotateKeys(pass)),
    keyUsage: async (pass) => counted(() => keyUsage(pass)),
    keepAlive: async (pass) => counted(() => keepAlive(pass)),
    afterRestore: async ({ erased = [], ...pass } = {}) =>
      counted(async () => {
        for (const subject of erased) await erasure.eraseSubject(subject);
        return afterRestore(pass);
      }),
    erase: async ({ owner }) => counted(() => erasure.erase(owner)),
    export: async ({ owner }) =>
      counted(async () => ({
        ...(await exportConnections(connections, owner, now())),
        acts: await parts.actsOf(owner),
      })),
    retryRevocations: async (pass) => counted(() => parts.retryRevocations(pass)),
    close: parts.close,
  };
  return keeper;
}
