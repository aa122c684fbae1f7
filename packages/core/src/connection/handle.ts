import type { JsonObject } from "../connector/json.ts";
import type { Events } from "../events.ts";
import type { Flows } from "../flow/flow.ts";
import type { FlowStart, StartedFlow } from "../flow/types.ts";
import type { Grants, OpenGrant } from "../grant/grants.ts";
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
import type { TokenCache } from "./token-cache.ts";
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

/** Finds which connection is meant, and checks whose it is. */
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
    return this.#until(request?.signal, (id) => this.#options.tokens.token(id, request ?? {}));
  }

  fetch(path: string, init?: ApiRequestInit): Promise<Response> {
    const { connector } = this;
    const { connectors, tokens, tokenEndpoint, fetch, now } = this.#options;
    return this.#until(init?.signal, async (id) => {
      const { grant } = await tokens.current(id);
      const definition = await connectors.get(connector, grant.owner);
      const server = await tokenEndpoint.server(definition, grant.params);
      const token = (request: TokenOptions) => tokens.token(id, request);
      return apiFetch({ fetch, connector: definition, connectorKey: connector, server, token, now }, path, init);
    });
  }

  status(): Promise<ConnectionStatus> {
    return this.#using(async (id) => {
      const open = await strongRead(this.#options, id);
      return statusOf(open, await this.#options.connectors.find(this.connector, open.grant.owner));
    });
  }

  reconnect(start: ReconnectStart = {}): Promise<StartedFlow> {
    return this.#using(async (id) => this.#start((await strongRead(this.#options, id)).grant.owner, id, start));
  }

  requireScopes(
    scopes: readonly string[],
    { as = "default", ...start }: ReconnectStart & { readonly as?: string } = {},
  ): Promise<ScopeCheck> {
    return this.#using(async (id) => {
      const { grant } = await strongRead(this.#options, id);
      const definition = await this.#options.connectors.get(this.connector, grant.owner);
      const missing = missingScopes(definition, as, grant, scopes);
      if (missing.length === 0) return { missing, flow: undefined };
      return { missing, flow: await this.#start(grant.owner, id, { ...start, scopes: { [as]: missing } }) };
    });
  }

  stepUp(response: Pick<Response, "status" | "headers">, start: ReconnectStart = {}): Promise<StartedFlow | undefined> {
    return this.#using(async (id) => {
      const { grant } = await strongRead(this.#options, id);
      const demand = demandOf(grant, response, this.#options.now());
      if (demand === undefined) return undefined;
      const { stepUp, ...wishes } = demand;
      return this.#start(grant.owner, id, { ...start, ...wishes }, stepUp);
    });
  }

  disconnect(): Promise<{ readonly revocation: RevocationOutcome }> {
    return this.#using(async (id) => ({ revocation: await this.#options.disconnect(id) }));
  }

  setMetadata(metadata: JsonObject): Promise<void> {
    return this.#using((id) => this.#options.setMetadata(id, metadata));
  }

  #start(
    owner: string,
    connectionId: string,
    start: Omit<FlowStart, "owner" | "connectionId">,
    stepUp?: Parameters<Flows["start"]>[2],
  ): Promise<StartedFlow> {
    return this.#options.flows.start(this.connector, { ...start, owner, connectionId }, stepUp);
  }

  #held(): Promise<AccessToken> | undefined {
    const { isOpen, tokens } = this.#options;
    const id = typeof this.#which === "string" ? this.#which : this.#which.known();
    return id !== undefined && isOpen() ? tokens.held(id, this.connector, this.#owner) : undefined;
  }

  /** Runs the work with the connection's id, once it is known to be the one that is meant. */
  async #using<Result>(work: (id: string) => Promise<Result>): Promise<Result> {
    this.#options.assertOpen();
    if (typeof this.#which !== "string") return work(await this.#which.find());
    const { grant } = await this.#options.tokens.current(this.#which);
    if (grant.connector !== this.connector || (this.#owner !== undefined && grant.owner !== this.#owner)) {
      throw notConnected();
    }
    return work(this.#which);
  }

  #until<Result>(signal: AbortSignal | null | undefined, work: (id: string) => Promise<Result>): Promise<Result> {
    return abortable(signal, this.#using(work));
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
export async function strongRead(
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
