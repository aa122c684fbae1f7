import type { History, TokenHash, TokenRequest, UserEnd } from "../history/history.ts";

/** The refresh tokens of one grant at the provider, as they were issued one after another. */
export interface Chain {
  /** The request whose consent it began with. */
  readonly root: string;
  /** All requests that presented one of its refresh tokens, by time of arrival; the consent first. */
  readonly requests: TokenRequest[];
  /** The first time that somebody ended it on purpose. */
  userEnd: UserEnd | undefined;
}

export interface Chains {
  readonly all: readonly Chain[];
  of(refresh: TokenHash | undefined): Chain | undefined;
  /** Whether the second refresh token was issued for the first. */
  isSuccessor(parent: TokenHash, child: TokenHash): boolean;
  /** Requests that presented this refresh token, by time of arrival. */
  presentations(refresh: TokenHash | undefined): readonly TokenRequest[];
  /** The request that issued this access token. */
  issuerOf(access: TokenHash): TokenRequest | undefined;
  /** Whether a request was refused although, or because, its refresh token had been good for another one. */
  isReuse(request: TokenRequest): boolean;
}

export function readChains({ requests, userEnds }: History): Chains {
  const all: Chain[] = [];
  const byToken = new Map<TokenHash, Chain>();
  const parents = new Map<TokenHash, TokenHash>();
  const presented = new Map<TokenHash, TokenRequest[]>();
  const issuers = new Map<TokenHash, TokenRequest>();

  // The provider judges in another order than requests arrive in, so each token is filed before any is looked for.
  for (const request of requests) {
    if (request.access !== undefined) issuers.set(request.access, request);
    if (request.kind !== "consent" || request.refresh === undefined) continue;
    const chain: Chain = { root: request.id, requests: [request], userEnd: undefined };
    all.push(chain);
    byToken.set(request.refresh, chain);
  }
  for (let filed = true; filed; ) {
    filed = false;
    for (const { kind, presented: parent, refresh, outcome } of requests) {
      if (kind !== "refresh" || outcome !== "issued" || parent === undefined || refresh === undefined) continue;
      const chain = byToken.get(parent);
      if (chain === undefined || byToken.has(refresh)) continue;
      byToken.set(refresh, chain);
      parents.set(refresh, parent);
      filed = true;
    }
  }
  for (const request of requests) {
    if (request.kind !== "refresh" || request.presented === undefined) continue;
    byToken.get(request.presented)?.requests.push(request);
    const known = presented.get(request.presented);
    if (known === undefined) presented.set(request.presented, [request]);
    else known.push(request);
  }
  for (const end of [...userEnds].sort((a, b) => a.at - b.at)) {
    const chain = byToken.get(end.refresh);
    if (chain !== undefined) chain.userEnd ??= end;
  }

  const presentations = (refresh: TokenHash | undefined): readonly TokenRequest[] =>
    (refresh === undefined ? undefined : presented.get(refresh)) ?? [];
  return {
    all,
    of: (refresh) => (refresh === undefined ? undefined : byToken.get(refresh)),
    isSuccessor: (parent, child) => parents.get(child) === parent,
    presentations,
    issuerOf: (access) => issuers.get(access),
    isReuse({ outcome, presented, endedAt }) {
      // What the user has ended is refused for that, whatever became of it before.
      const { userEnd } = (presented === undefined ? undefined : byToken.get(presented)) ?? {};
      if (outcome !== "refused" || (userEnd !== undefined && userEnd.at <= endedAt)) return false;
      return presentations(presented).some((other) => other.outcome === "issued" && other.refresh !== presented);
    },
  };
}
