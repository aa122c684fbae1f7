import type { JsonObject } from "../connector/json.ts";
import { GrantkeeperError } from "../errors.ts";
import type { Events } from "../events.ts";
import { checkOwner, type Flows } from "../flow/flow.ts";
import type { Grant, Grants, OpenGrant } from "../grant/grants.ts";
import { changedMeanwhile, type Leases, notConnected } from "../grant/leases.ts";
import type { RevocationOutcome } from "../grant/revocation.ts";
import { missingScopes } from "../grant/scopes.ts";
import type { Connectors } from "../provider/connectors.ts";
import type { Fetch } from "../provider/http.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import type { GrantState, Store } from "../store/port.ts";
import { abortable } from "./abortable.ts";
import { apiFetch } from "./api-fetch.ts";
import type { Connection, IdentifiedConnection } from "./connection.ts";
import { statusOf } from "./status.ts";
import { demandOf } from "./step-up.ts";
import type { TokenCache } from "./token-cache.ts";
import type { TokenOptions, Tokens } from "./tokens.ts";

export interface ConnectionsOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly store: Store;
  readonly leases: Leases;
  readonly tokens: Tokens;
  readonly flows: Flows;
  readonly disconnect: (connectionId: string) => Promise<RevocationOutcome>;
  readonly tokenEndpoint: TokenEndpoint;
  readonly cache: TokenCache;
  readonly events: Events;
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly cacheForMs: number;
  readonly assertOpen: () => void;
}

/** Which connection: by its id, or by its owner while that one has exactly one. `params` narrow the choice. */
export interface ConnectionSelector {
  readonly id?: string | undefined;
  readonly owner?: string | undefined;
  readonly params?: Readonly<Record<string, string | undefined>> | undefined;
}

export interface ConnectionFilter {
  readonly owner?: string | undefined;
  readonly connector?: string | undefined;
  readonly state?: GrantState | undefined;
}

export interface Connections {
  byId(connector: string, id: string, owner: string | undefined): IdentifiedConnection;
  select(connector: string, selector: ConnectionSelector): Connection;
  list(filter: ConnectionFilter): AsyncIterable<IdentifiedConnection>;
}

const pageSize = 100;
const maximumMetadataBytes = 16 * 1024;

export function createConnections(options: ConnectionsOptions): Connections {
  const { connectors, grants, store, leases, tokens, flows, tokenEndpoint, cache, events, now } = options;

  let changedAt = Number.NEGATIVE_INFINITY;
  // Which connection is an owner's only one is remembered for a while; a change in this process ends that at once.
  for (const name of ["connection.connected", "connection.disconnected"] as const) {
    events.on(name, () => {
      changedAt = now();
    });
  }

  /** `using` finds the connection's id and runs the work with it. */
  function handle(
    connector: string,
    using: <Result>(work: (id: string) => Promise<Result>) => Promise<Result>,
  ): Connection {
    const until = <Result>(signal: AbortSignal | null | undefined, work: (id: string) => Promise<Result>) =>
      abortable(signal, using(work));
    return {
      connector,
      token: (request = {}) => until(request.signal, (id) => tokens.token(id, request)),
      fetch: (path, init) =>
        until(init?.signal, async (id) => {
          const { grant } = await tokens.current(id);
          const definition = await connectors.get(connector, grant.owner);
          const server = await tokenEndpoint.server(definition, grant.params);
          const token = (request: TokenOptions) => tokens.token(id, request);
          const { fetch } = options;
          return apiFetch({ fetch, connector: definition, connectorKey: connector, server, token, now }, path, init);
        }),
      status: () =>
        using(async (id) => {
          const open = await strongRead(id);
          return statusOf(open, await connectors.find(connector, open.grant.owner));
        }),
      reconnect: (start = {}) =>
        using(async (id) => {
          const { grant } = await strongRead(id);
          return flows.start(connector, { ...start, owner: grant.owner, connectionId: id });
        }),
      requireScopes: (scopes, { as = "default", ...start } = {}) =>
        using(async (id) => {
          const { grant } = await strongRead(id);
          const definition = await connectors.get(connector, grant.owner);
          const missing = missingScopes(definition, as, grant, scopes);
          if (missing.length === 0) return { missing, flow: undefined };
          const wanted = { ...start, scopes: { [as]: missing }, owner: grant.owner, connectionId: id };
          return { missing, flow: await flows.start(connector, wanted) };
        }),
      stepUp: (response, start = {}) =>
        using(async (id) => {
          const { grant } = await strongRead(id);
          const demand = demandOf(grant, response, now());
          if (demand === undefined) return undefined;
          const { stepUp, ...wishes } = demand;
          return flows.start(connector, { ...start, ...wishes, owner: grant.owner, connectionId: id }, stepUp);
        }),
      disconnect: () => using(async (id) => ({ revocation: await options.disconnect(id) })),
      setMetadata: (metadata) => using((id) => setMetadata(id, metadata)),
    };
  }

  async function strongRead(connectionId: string): Promise<OpenGrant> {
    const at = now();
    const open = await grants.read(connectionId);
    if (open === undefined) {
      cache.delete(connectionId);
      throw notConnected();
    }
    cache.set(open, at);
    return open;
  }

  function byId(connector: string, id: string, owner: string | undefined): IdentifiedConnection {
    const connection = handle(connector, async (work) => {
      options.assertOpen();
      const { grant } = await tokens.current(id);
      if (grant.connector !== connector || (owner !== undefined && grant.owner !== owner)) throw notConnected();
      return work(id);
    });
    return { ...connection, id };
  }

  function select(connector: string, selector: ConnectionSelector): Connection {
    const { id, owner, params } = selector;
    connectors.assertKnown(connector);
    assertOwnerGiven(selector);
    if (id !== undefined) return byId(connector, id, owner);
    const known = checkOwner(owner ?? "");
    let resolved: { readonly id: string; readonly at: number } | undefined;
    return handle(connector, async (work) => {
      options.assertOpen();
      if (resolved !== undefined && resolved.at > changedAt && now() - resolved.at < options.cacheForMs) {
        return work(resolved.id);
      }
      const at = now();
      const found = await only(connector, known, params);
      const { grant } = await tokens.current(found);
      if (grant.owner !== known || grant.connector !== connector) {
        // What is in memory is from before the row was changed: read anew it does not open.
        await strongRead(found);
        throw notConnected();
      }
      resolved = { id: found, at };
      return work(found);
    });
  }

  async function only(connector: string, owner: string, params: ConnectionSelector["params"]): Promise<string> {
    await grants.ready();
    const found: string[] = [];
    for await (const row of rowsOf({ ownerHash: grants.hashOwner(owner), connector })) {
      const { grant } = params === undefined ? { grant: undefined } : await grants.open(row);
      const matches = Object.entries(params ?? {}).every(
        ([name, value]) => value === undefined || grant?.params[name] === value,
      );
      if (matches) found.push(row.connectionId);
    }
    const [first] = found;
    if (first === undefined)
      throw new GrantkeeperError("not_connected", "This owner has no such connection.", { connector });
    if (found.length === 1) return first;
    throw new GrantkeeperError(
      "ambiguous_connection",
      "This owner has several such connections: choose one by its id.",
      {
        connector,
        connectionIds: found,
      },
    );
  }

  async function* rowsOf(query: {
    ownerHash?: string;
    connector?: string | undefined;
    state?: GrantState | undefined;
  }) {
    for (let after: string | undefined; ; ) {
      const page = await store.list({ ...query, after, limit: pageSize });
      yield* page.rows;
      if (page.next === undefined) return;
      after = page.next;
    }
  }

  function list(filter: ConnectionFilter): AsyncIterable<IdentifiedConnection> {
    assertOwnerGiven(filter);
    return listed(filter);
  }

  async function* listed({ owner, connector, state }: ConnectionFilter): AsyncGenerator<IdentifiedConnection> {
    if (connector !== undefined) connectors.assertKnown(connector);
    await grants.ready();
    const ownerHash = owner === undefined ? {} : { ownerHash: grants.hashOwner(checkOwner(owner)) };
    for await (const row of rowsOf({ ...ownerHash, connector, state }))
      yield byId(row.connector, row.connectionId, owner);
  }

  async function setMetadata(connectionId: string, metadata: JsonObject): Promise<void> {
    checkMetadata(metadata);
    await leases.hold<void>(
      connectionId,
      async () => ({ kind: "take", intent: undefined, plan: undefined }),
      async (held) => {
        const grant: Grant = { ...held.grant, metadata };
        const at = now();
        const { outcome, row } = await grants.commit(held, grant, { replaced: [] });
        if (outcome === "committed") cache.set({ row, grant }, at);
        else throw changedMeanwhile(grant.connector, now());
      },
    );
  }

  return { byId, select, list };
}

/** `{ owner: session?.userId }` with nobody signed in must not mean everybody. */
function assertOwnerGiven(selector: { readonly owner?: string | undefined }): void {
  if ("owner" in selector) checkOwner(selector.owner ?? "");
}

/** Metadata is the application's JSON, sealed with the grant: small, so that every refresh stays cheap. */
export function checkMetadata(metadata: JsonObject): JsonObject {
  const size = Buffer.byteLength(JSON.stringify(metadata) ?? "");
  if (typeof metadata === "object" && metadata !== null && !Array.isArray(metadata) && size <= maximumMetadataBytes) {
    return metadata;
  }
  throw new GrantkeeperError("invalid_request", "metadata must be a JSON object of at most 16 KiB.");
}
