import type { JsonObject } from "../connector/json.ts";
import { GrantkeeperError } from "../errors.ts";
import { checkOwner } from "../flow/flow.ts";
import type { Grant } from "../grant/grant.ts";
import { changedMeanwhile, type Leases } from "../grant/leases.ts";
import type { GrantState, Store } from "../store/port.ts";
import type { Connection, IdentifiedConnection } from "./connection.ts";
import { type Finder, type HandleOptions, handleOfOwner, identifiedHandle } from "./handle.ts";

export interface ConnectionsOptions extends Omit<HandleOptions, "setMetadata"> {
  readonly store: Store;
  readonly leases: Leases;
  readonly cacheForMs: number;
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
  const { connectors, grants, store, leases, cache, events, now } = options;
  const handles: HandleOptions = { ...options, setMetadata };

  let changedAt = Number.NEGATIVE_INFINITY;
  // Which connection is an owner's only one is remembered for a while; a change in this process ends that at once.
  for (const name of ["connection.connected", "connection.disconnected"] as const) {
    events.on(name, () => {
      changedAt = now();
    });
  }

  function byId(connector: string, id: string, owner: string | undefined): IdentifiedConnection {
    return identifiedHandle(handles, connector, owner, id);
  }

  function select(connector: string, selector: ConnectionSelector): Connection {
    const { id, owner, params } = selector;
    connectors.assertKnown(connector);
    assertOwnerGiven(selector);
    if (id !== undefined) return byId(connector, id, owner);
    const known = checkOwner(owner ?? "");
    return handleOfOwner(handles, connector, known, finderOf(connector, known, params));
  }

  function finderOf(connector: string, owner: string, params: ConnectionSelector["params"]): Finder {
    let resolved: { readonly id: string; readonly at: number } | undefined;
    function known(): string | undefined {
      if (resolved === undefined || resolved.at <= changedAt) return undefined;
      return now() - resolved.at < options.cacheForMs ? resolved.id : undefined;
    }
    return {
      known,
      async find() {
        const id = known();
        if (id !== undefined) return id;
        const at = now();
        const found = await only(connector, owner, params);
        resolved = { id: found, at };
        return found;
      },
    };
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
