import { GrantkeeperError } from "../errors.ts";
import type { Events, Logger } from "../events.ts";
import { type OpenGrant, opensAlike } from "../grant/grant.ts";
import type { Grants } from "../grant/grants.ts";
import { notConnected } from "../grant/leases.ts";
import { isRenewable, liveTokenSet, reauthorizationRequired } from "../grant/live-token-set.ts";
import { jitterOf } from "../jitter.ts";
import type { Connectors } from "../provider/connectors.ts";
import type { ProviderRequests } from "../provider/requests.ts";
import type { TokenEndpoint } from "../provider/token-endpoint.ts";
import type { TokenSet } from "../provider/token-response.ts";
import { freshness, freshUntil } from "../refresh/freshness.ts";
import type { Refresh } from "../refresh/refresh.ts";
import type { Store } from "../store/port.ts";
import { type AccessToken, toAccessToken } from "./access-token.ts";
import type { Introspected } from "./introspected.ts";
import type { CachedGrant, TokenCache } from "./token-cache.ts";

export interface TokenOptions<TokenSetName extends string = string> {
  /** Which token set; `default` when left out. */
  readonly as?: "default" | TokenSetName;
  /**
   * An access token that the API refused. It is refreshed only if it is still the stored one and at least 30 seconds old.
   */
  readonly rejected?: string;
  /** How long the token must still be good for, in seconds; at most half of its life is honoured. */
  readonly minValidity?: number;
  /** Ends this caller's wait only: a refresh that runs goes on. */
  readonly signal?: AbortSignal;
}

export interface TokensOptions {
  readonly connectors: Connectors;
  readonly grants: Grants;
  readonly store: Store;
  readonly refresh: Refresh;
  readonly tokenEndpoint: TokenEndpoint;
  readonly providerRequests: ProviderRequests;
  readonly introspected: Introspected;
  readonly cache: TokenCache;
  readonly events: Events;
  readonly logger: Logger;
  readonly now: () => number;
  readonly cacheForMs: number;
  readonly backgroundRefresh: boolean;
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined;
}

/** Hands out access tokens: from memory while they are good, refreshed otherwise. */
export interface Tokens {
  /** Of a grant as {@link current} has just given it. */
  token(open: CachedGrant, options: TokenOptions): Promise<AccessToken>;
  /**
   * The default token of this connector's connection, of this owner if one is given, where it lies in memory and is good;
   * `undefined` where anything has to be looked at first.
   */
  held(connectionId: string, connector: string, owner: string | undefined): Promise<AccessToken> | undefined;
  /** The grant as this process knows it, at most `cacheFor` old. */
  current(connectionId: string): Promise<CachedGrant>;
}

const rejectedMinimumAgeMs = 30_000;

export function createTokens(options: TokensOptions): Tokens {
  const { connectors, grants, store, refresh, tokenEndpoint, providerRequests, introspected } = options;
  const { cache, events, logger, now } = options;

  const looks = new Map<string, Promise<CachedGrant>>();

  function isRecent({ checkedAt }: CachedGrant, at: number): boolean {
    return at - checkedAt < options.cacheForMs && at >= checkedAt;
  }

  async function current(connectionId: string): Promise<CachedGrant> {
    const cached = cache.get(connectionId);
    if (cached !== undefined && isRecent(cached, now())) return cached;
    const looking = looks.get(connectionId);
    if (looking !== undefined) return looking;
    const look = lookAgain(connectionId, cached).finally(() => looks.delete(connectionId));
    looks.set(connectionId, look);
    return look;
  }

  async function lookAgain(connectionId: string, cached: OpenGrant | undefined): Promise<CachedGrant> {
    const at = now();
    await grants.ready();
    const row = await store.get(connectionId);
    if (row === undefined) {
      cache.delete(connectionId);
      throw notConnected();
    }
    const same = cached !== undefined && opensAlike(cached.row, row);
    return cache.set(same ? { row, grant: cached.grant } : await grants.open(row), at);
  }

  function held(connectionId: string, connector: string, owner: string | undefined): Promise<AccessToken> | undefined {
    const token = cache.held(connectionId, connector, owner, now());
    if (token === undefined || events.isWanted("connection.token_read")) return undefined;
    return token;
  }

  /** Spares the next caller what has been looked at. A token whose end only the provider knows is asked about again. */
  function hold(cached: CachedGrant, tokenSet: TokenSet, token: AccessToken, jitter: number): void {
    const { connector, owner } = cached.grant;
    const endIsKnown = tokenSet.expiresAt !== undefined;
    const isAskedAbout = connectors.lastKnown(connector, owner)?.introspectionEndpoint !== undefined;
    if ((!endIsKnown && isAskedAbout) || options.cacheForMs <= 0) return;
    const from = cached.checkedAt;
    const until = Math.min(freshUntil(tokenSet, jitter), from + options.cacheForMs);
    cache.hold(cached, { connector, owner, token, from, until });
  }

  async function token(open: CachedGrant, request: TokenOptions): Promise<AccessToken> {
    const name = request.as ?? "default";
    const accessToken = await tokenOf(open, name, request);
    if (events.isWanted("connection.token_read")) {
      const { connectionId } = open.row;
      const about = { connector: open.grant.connector, connectionId, tokenSet: name };
      events.emit("connection.token_read", about, grants.subjectOf(open.grant));
    }
    return accessToken;
  }

  async function tokenOf(open: CachedGrant, name: string, request: TokenOptions): Promise<AccessToken> {
    const { connectionId } = open.row;
    if (name !== "default" && !Object.hasOwn(open.grant.tokenSets, name)) await assertKnownTokenSet(open, name);
    const live = liveTokenSet(open.grant, name);
    const tokenSet = live.expiresAt === undefined ? await introspected.look(open, live) : live;
    const isRefused = (set: TokenSet): boolean =>
      set.accessToken.reveal() === request.rejected && now() - set.obtainedAt >= rejectedMinimumAgeMs;
    if (isRefused(tokenSet)) return afterRejection(open, name, tokenSet, isRefused);
    const jitter = jitterOf(connectionId);
    const minValidityMs = (request.minValidity ?? 0) * 1000;
    const state = freshness(tokenSet, now(), jitter, minValidityMs);
    if (state === "fresh") {
      const token = toAccessToken(tokenSet);
      if (name === "default") hold(open, tokenSet, token, jitter);
      return token;
    }
    if (state === "aging" && !(options.backgroundRefresh && isRenewable(open.grant, name, tokenSet))) {
      return toAccessToken(tokenSet);
    }
    const isStale = (set: TokenSet): boolean =>
      freshness(introspected.known(set), now(), jitter, minValidityMs) !== "fresh";
    const refreshing = refreshed(open, name, isStale);
    if (state === "stale") return toAccessToken(await refreshing);
    behind(refreshing, connectionId);
    return toAccessToken(tokenSet);
  }

  async function refreshed(seen: OpenGrant, name: string, isStale: (tokenSet: TokenSet) => boolean): Promise<TokenSet> {
    const { connectionId } = seen.row;
    const at = now();
    const open = await refresh.refresh(connectionId, name, isStale, { seen });
    cache.set(open, at);
    const tokenSet = liveTokenSet(open.grant, name);
    const { expiresAt = Number.POSITIVE_INFINITY } = introspected.known(tokenSet);
    if (isRenewable(open.grant, name, tokenSet) || expiresAt > now()) return tokenSet;
    // It ran out, and there is nothing to refresh it with: only the user can help.
    await refresh.end(connectionId, name, tokenSet, "expired");
    cache.delete(connectionId);
    throw reauthorizationRequired(open.grant.connector, name, "expired");
  }

  async function afterRejection(
    open: OpenGrant,
    name: string,
    refused: TokenSet,
    isRefused: (tokenSet: TokenSet) => boolean,
  ): Promise<AccessToken> {
    const renewable = isRenewable(open.grant, name, refused);
    const tokenSet = renewable ? await refreshed(open, name, isRefused) : refused;
    if (!renewable && isRefused(tokenSet)) {
      await confirmAlive(open.row.connectionId, name, tokenSet);
    }
    return toAccessToken(tokenSet);
  }

  /** A token that cannot be refreshed and that an API refused: the provider's own identity call says whether it is dead. */
  async function confirmAlive(connectionId: string, name: string, tokenSet: TokenSet): Promise<void> {
    const { grant } = await current(connectionId);
    const connector = await connectors.get(grant.connector, grant.owner);
    const server = await tokenEndpoint.server(connector, grant.params);
    const alive = await providerRequests.isAlive(connector, server, name, tokenSet);
    if (alive !== false) return;
    await refresh.end(connectionId, name, tokenSet, "revoked");
    cache.delete(connectionId);
    throw reauthorizationRequired(grant.connector, name, "revoked");
  }

  function behind(work: Promise<unknown>, connectionId: string): void {
    // Its caller has a good token; the next one that needs a new token meets the same error and gets it.
    const settled = work.catch((error: unknown) => {
      const code = error instanceof GrantkeeperError ? error.code : "unknown";
      logger.warn("A refresh behind a valid token failed", { connectionId, code });
    });
    try {
      options.waitUntil?.(settled);
    } catch {
      logger.warn("waitUntil threw", { connectionId });
    }
  }

  async function assertKnownTokenSet({ grant }: OpenGrant, name: string): Promise<void> {
    const connector = await connectors.get(grant.connector, grant.owner);
    if (Object.hasOwn(connector.tokenSets, name)) return;
    throw new GrantkeeperError("invalid_request", "This connector is not configured for a token set of that name.", {
      connector: grant.connector,
    });
  }

  return { token, held, current };
}
