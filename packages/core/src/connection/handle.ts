import type { JsonObject } from "../connector/json.ts";
import type { Events } from "../events.ts";
import type { Flows } from "../flow/flow.ts";
import type { FlowStart, StartedFlow } from "../flow/types.ts";
import type { OpenGrant } from "../grant/grant.ts";
import type { Grants } from "../grant/grants.ts";
import { notConnected } from "../grant/leases.ts";
import type { RevocationOutcome } from "../grant/revocation.ts";
import { missingScopes } from "../grant/scopes.ts";
import type { Connectors } from "../provider/connectors.ts";
import type { Fetch } from "../provider/http.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import { abortable } from "./abortable.ts";
import type { AccessToken } from "./access-token.ts";
import { type ApiRequestInit, apiFetch } from "./api-fetch.ts";
import type { Connection, ConnectionStatus, IdentifiedConnection, ReconnectStart, ScopeCheck } from "./connection.ts";
import { statusOf } from "./status.ts";
import { demandOf } from "./step-up.ts";
import type { CachedGrant, TokenCache } from "./token-cache.ts";
import type { TokenOptions, Tokens } from "./tokens.ts";

export interface HandleOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly tokens: Tokens;
  readonly flows: Flows;
  readonly disconnect: (connectionId: string) => Promise<RevocationOutcome>;
  readonly setMetadata: (connectionId: string, metadata: JsonObject) => Promise<void>;
  readonly tokenEndpoint: TokenEndpoint;
  readonly cache: TokenCache;
  readonly events: Events;
  readonly fetch: Fetch;
  readonly now: () => number;
  readonly isOpen: () => boolean;
  readonly assertOpen: () => void;
}

/** Finds which connection of an owner is meant. */
export interface Finder {
  /** Without a look at the store, where that is known. */
  known(): string | undefined;
  find(): Promise<string>;
}

/**
 * What the application holds of a connection. A class, as one may be made for each request: an object with a function for
 * each method would cost more than the token that is asked for.
 */
class Handle implements Connection {
  readonly connector: string;
  readonly #options: HandleOptions;
  readonly #owner: string | undefined;
  readonly #which: string | Finder;

  /** `which` is an id, or what finds it. */
  constructor(options: HandleOptions, connector: string, owner: string | undefined, which: string | Finder) {
    this.connector = connector;
    this.#options = options;
    this.#owner = owner;
    this.#which = which;
  }

  token(request?: TokenOptions): Promise<AccessToken> {
    const held = request === undefined ? this.#held() : undefined;
    if (held !== undefined) return held;
    return abortable(
      request?.signal,
      this.#using((open) => this.#options.tokens.token(open, request ?? {})),
    );
  }

  fetch(path: string, init?: ApiRequestInit): Promise<Response> {
    const { connector } = this;
    const { connectors, tokens, tokenEndpoint, fetch, now } = this.#options;
    const call = this.#using(async (open) => {
      const { grant, row } = open;
      const definition = await connectors.get(connector, grant.owner);
      const server = await tokenEndpoint.server(definition, grant.params);
      // A second token is asked for since the first one was refused: then the grant may be another one by now.
      const token = async (request: TokenOptions) =>
        tokens.token(request.rejected === undefined ? open : await tokens.current(row.connectionId), request);
      return apiFetch({ fetch, connector: definition, connectorKey: connector, server, token, now }, path, init);
    });
    return abortable(init?.signal, call);
  }

  status(): Promise<ConnectionStatus> {
    return this.#reading(async (open) => {
      return statusOf(open, await this.#options.connectors.find(this.connector, open.grant.owner));
    });
  }

  reconnect(start: ReconnectStart = {}): Promise<StartedFlow> {
    return this.#reading(async (open) => this.#start(open, start));
  }

  requireScopes(
    scopes: readonly string[],
    { as = "default", ...start }: ReconnectStart & { readonly as?: string } = {},
  ): Promise<ScopeCheck> {
    return this.#reading(async (open) => {
      const { grant } = open;
      const definition = await this.#options.connectors.get(this.connector, grant.owner);
      const missing = missingScopes(definition, as, grant, scopes);
      if (missing.length === 0) return { missing, flow: undefined };
      return { missing, flow: await this.#start(open, { ...start, scopes: { [as]: missing } }) };
    });
  }

  stepUp(response: Pick<Response, "status" | "headers">, start: ReconnectStart = {}): Promise<StartedFlow | undefined> {
    return this.#reading(async (open) => {
      const demand = demandOf(open.grant, response, this.#options.now());
      if (demand === undefined) return undefined;
      const { stepUp, ...wishes } = demand;
      return this.#start(open, { ...start, ...wishes }, stepUp);
    });
  }

  disconnect(): Promise<{ readonly revocation: RevocationOutcome }> {
    return this.#using(async ({ row }) => ({ revocation: await this.#options.disconnect(row.connectionId) }));
  }

  setMetadata(metadata: JsonObject): Promise<void> {
    return this.#using(({ row }) => this.#options.setMetadata(row.connectionId, metadata));
  }

  #start(
    { row, grant }: OpenGrant,
    start: Omit<FlowStart, "owner" | "connectionId">,
    stepUp?: Parameters<Flows["start"]>[2],
  ): Promise<StartedFlow> {
    const { connectionId } = row;
    return this.#options.flows.start(this.connector, { ...start, owner: grant.owner, connectionId }, stepUp);
  }

  #held(): Promise<AccessToken> | undefined {
    const { isOpen, tokens } = this.#options;
    const id = typeof this.#which === "string" ? this.#which : this.#which.known();
    return id !== undefined && isOpen() ? tokens.held(id, this.connector, this.#owner) : undefined;
  }

  /** Runs the work with the grant as this process knows it, once that is known to be of the one who is meant. */
  async #using<Result>(work: (open: CachedGrant) => Promise<Result>): Promise<Result> {
    const { assertOpen, tokens } = this.#options;
    assertOpen();
    const id = typeof this.#which === "string" ? this.#which : await this.#which.find();
    const open = await tokens.current(id);
    const { connector, owner } = open.grant;
    if (connector === this.connector && (this.#owner === undefined || owner === this.#owner)) return work(open);
    // What is in memory may be from before the row was changed: read anew it does not open.
    if (typeof this.#which !== "string") await strongRead(this.#options, id);
    throw notConnected();
  }

  /** The same with the grant as the store has it now. */
  #reading<Result>(work: (open: OpenGrant) => Promise<Result>): Promise<Result> {
    return this.#using(async ({ row }) => work(await strongRead(this.#options, row.connectionId)));
  }
}

class IdentifiedHandle extends Handle implements IdentifiedConnection {
  readonly id: string;

  constructor(options: HandleOptions, connector: string, owner: string | undefined, id: string) {
    super(options, connector, owner, id);
    this.id = id;
  }
}

/** The handle of a connection whose id is known; where an owner is given, it is that one's or nobody's. */
export function identifiedHandle(
  options: HandleOptions,
  connector: string,
  owner: string | undefined,
  id: string,
): IdentifiedConnection {
  return new IdentifiedHandle(options, connector, owner, id);
}

/** The handle of an owner's only connection. */
export function handleOfOwner(options: HandleOptions, connector: string, owner: string, finder: Finder): Connection {
  return new Handle(options, connector, owner, finder);
}

/** The grant as the store has it now. */
async function strongRead(
  { grants, cache, now }: Pick<HandleOptions, "grants" | "cache" | "now">,
  connectionId: string,
): Promise<OpenGrant> {
  const at = now();
  const open = await grants.read(connectionId);
  if (open === undefined) {
    cache.delete(connectionId);
    throw notConnected();
  }
  cache.set(open, at);
  return open;
}
