import type { EngineOptions } from "./options.ts";
import type { GrantState, RefreshGeneration, TokenSetState } from "./state.ts";
import type { TokenText } from "./token-text.ts";

/** One token set as issued, before an ID token is signed. */
export interface IssuedSet {
  readonly accessToken: string;
  /** Unix milliseconds; `undefined` where it does not expire. */
  readonly accessExpiresAt: number | undefined;
  readonly expiresInSeconds: number | undefined;
  readonly refreshToken: string | undefined;
  readonly scopes: readonly string[];
  readonly generation: number;
}

export interface IssuedGrant {
  readonly grant: GrantState;
  readonly tokenSets: Readonly<Record<string, IssuedSet>>;
  /** For the ID token of an exchange; OpenID Connect Core, section 12.2 leaves it out on a refresh. */
  readonly nonce: string | undefined;
}

export interface Issuer {
  readonly refreshExpiry: () => number | undefined;
  readonly issueSet: (
    grant: GrantState,
    name: string,
    set: TokenSetState,
    refresh: RefreshGeneration | undefined,
    scopes?: readonly string[],
  ) => IssuedSet;
  readonly newGrant: (consent: {
    readonly accountId: string;
    readonly scopes: Readonly<Record<string, readonly string[]>>;
    readonly params: Readonly<Record<string, string>>;
    readonly refreshTokens: boolean;
    readonly accessTokenExpired: boolean;
  }) => IssuedGrant;
}

/** Adds grants to the engine's state and writes their tokens. */
export function createIssuer(options: EngineOptions, text: TokenText): Issuer {
  const { state, clientId, now, accessTokenLifetime, refreshTokenLifetime } = options;
  const after = (seconds: number | undefined) => (seconds === undefined ? undefined : now() + seconds * 1000);
  const refreshExpiry = () => after(refreshTokenLifetime);

  const write = (
    grant: GrantState,
    name: string,
    set: TokenSetState,
    refresh: RefreshGeneration | undefined,
    scopes: readonly string[] | undefined,
    accessExpiresAt: number | undefined,
  ): IssuedSet => {
    const serial = ++set.lastAccess;
    const generation = refresh?.generation ?? 0;
    if (scopes) set.narrowed[serial] = scopes;
    const common = { grantId: grant.id, tokenSet: name, generation };
    return {
      accessToken: text.write({ ...common, kind: "access", serial, expiresAt: accessExpiresAt }),
      accessExpiresAt,
      expiresInSeconds: accessTokenLifetime,
      refreshToken: refresh && text.write({ ...common, kind: "refresh", serial: 0, expiresAt: refresh.expiresAt }),
      scopes: scopes ?? set.scopes,
      generation,
    };
  };

  return {
    refreshExpiry,
    issueSet: (grant, name, set, refresh, scopes) =>
      write(grant, name, set, refresh, scopes, after(accessTokenLifetime)),
    newGrant: ({ accountId, scopes, params, refreshTokens, accessTokenExpired }) => {
      const grant: GrantState = {
        id: state.grants.length + 1,
        accountId,
        clientId,
        params,
        sets: {},
        ended: false,
      };
      state.grants.push(grant);
      const tokenSets: Record<string, IssuedSet> = {};
      for (const [name, granted] of Object.entries(scopes)) {
        const refresh = refreshTokens ? { generation: 1, parent: undefined, expiresAt: refreshExpiry() } : undefined;
        const set: TokenSetState = {
          scopes: granted,
          live: refresh ? [refresh] : [],
          lastGeneration: refresh ? 1 : 0,
          lastAccess: 0,
          accessRevokedThrough: 0,
          accessExpiredThrough: 0,
          revokedAccess: [],
          narrowed: {},
          ended: false,
        };
        grant.sets[name] = set;
        const expiry = accessTokenExpired ? now() - 1000 : after(accessTokenLifetime);
        tokenSets[name] = write(grant, name, set, refresh, undefined, expiry);
      }
      return { grant, tokenSets, nonce: undefined };
    },
  };
}
