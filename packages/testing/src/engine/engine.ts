import { randomBytes } from "node:crypto";
import { createIssuer, type IssuedGrant } from "./issue.ts";
import type { EngineOptions } from "./options.ts";
import { verifierMatches } from "./pkce.ts";
import { judge, markUsed, spend } from "./rotation.ts";
import type { CodeState, GrantState, TokenSetState } from "./state.ts";
import { type TokenClaims, tokenText } from "./token-text.ts";

/** A refused request, under its code of RFC 6749, section 5.2. */
export interface Refusal {
  readonly error: string;
  readonly errorDescription: string;
  /** True when a spent refresh token or code was presented. */
  readonly reuse?: true;
}

export type AccessLookup =
  | { readonly kind: "live"; readonly grant: GrantState; readonly tokenSet: string; readonly scopes: readonly string[] }
  | { readonly kind: "unknown" | "expired" | "revoked" };

/** What a token is good for now. */
export interface LiveToken {
  readonly kind: "access" | "refresh";
  readonly grant: GrantState;
  readonly scopes: readonly string[];
  /** Unix milliseconds; `undefined` where it does not expire. */
  readonly expiresAt: number | undefined;
}

export interface SeedRequest {
  readonly accountId: string;
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  readonly refreshTokens: boolean;
  readonly accessTokenExpired: boolean;
}

/** Codes, tokens and their rotation, with no HTTP. Every method is synchronous: each request is atomic. */
export interface TokenEngine {
  readonly issueCode: (consent: Omit<CodeState, "expiresAt" | "grantId">) => string;
  readonly exchange: (request: {
    readonly code: string;
    readonly redirectUri: string | undefined;
    readonly codeVerifier: string | undefined;
  }) => IssuedGrant | Refusal;
  readonly refresh: (request: {
    readonly refreshToken: string;
    readonly scopes: readonly string[] | undefined;
  }) => IssuedGrant | Refusal;
  readonly seed: (request: SeedRequest) => IssuedGrant;
  /** Adds a grant that no code stands for, such as a device's or a client's own. */
  readonly issue: (
    consent: Omit<SeedRequest, "accessTokenExpired"> & { readonly params: Readonly<Record<string, string>> },
  ) => IssuedGrant;
  /** Looks an access token up as using it does. */
  readonly useAccessToken: (token: string) => AccessLookup;
  /** Whether refreshing with this token would succeed now. Changes nothing. */
  readonly isAlive: (refreshToken: string) => boolean;
  /** What a token of either kind is good for, or `undefined` when it is for nothing. Changes nothing. */
  readonly inspect: (token: string) => LiveToken | undefined;
  /** The claims of a token of this provider, dead or alive. */
  readonly describe: (token: string) => TokenClaims | undefined;
  /** The account of the grant that a token of this provider belongs to. */
  readonly accountOf: (token: string) => string | undefined;
  /** Whether an account has a grant with a refresh token that has not ended. */
  readonly holdsRefreshToken: (accountId: string) => boolean;
  /** Ends one token (RFC 7009: a refresh token takes its access tokens along), its set, its grant, or its user's grants. */
  readonly end: (token: string, what: "token" | "set" | "grant" | "account") => boolean;
  readonly expireAccessTokens: () => void;
}

const codeLifetime = 10 * 60 * 1000;

/** Creates a token engine on a state, which it changes in place. */
export function createTokenEngine(options: EngineOptions): TokenEngine {
  const { state, clientId, rotation, now } = options;
  const text = tokenText(state.key);
  const issuer = createIssuer(options, text);
  const refuse = (errorDescription: string, error = "invalid_grant"): Refusal => ({ error, errorDescription });

  const find = (claims: TokenClaims | undefined): { grant: GrantState; set: TokenSetState } | undefined => {
    const grant = claims && state.grants[claims.grantId - 1];
    const set = grant && claims && Object.hasOwn(grant.sets, claims.tokenSet) ? grant.sets[claims.tokenSet] : undefined;
    return grant && set ? { grant, set } : undefined;
  };

  const exchange: TokenEngine["exchange"] = ({ code, redirectUri, codeVerifier }) => {
    const consent = Object.hasOwn(state.codes, code) ? state.codes[code] : undefined;
    if (consent === undefined) return refuse("The code is unknown.");
    if (consent.grantId !== undefined) {
      const given = state.grants[consent.grantId - 1];
      if (given) given.ended = true;
      return { ...refuse("The code was used before; what it gave is revoked."), reuse: true };
    }
    if (now() >= consent.expiresAt) return refuse("The code has expired.");
    if (redirectUri !== consent.redirectUri) return refuse("redirect_uri is not that of the authorization request.");
    if (!verifierMatches(consent.codeChallenge, codeVerifier)) return refuse("code_verifier does not match.");
    const issued = issuer.newGrant({ ...consent, accessTokenExpired: false });
    consent.grantId = issued.grant.id;
    return { ...issued, nonce: consent.nonce };
  };

  const refresh: TokenEngine["refresh"] = ({ refreshToken, scopes }) => {
    const claims = text.read(refreshToken);
    const found = claims?.kind === "refresh" ? find(claims) : undefined;
    if (claims === undefined || found === undefined) return refuse("The refresh token is unknown.");
    const { grant, set } = found;
    if (grant.clientId !== clientId) return refuse("The refresh token is another client's.");
    if (grant.ended || set.ended) return refuse("The refresh token was revoked.");
    const judgement = judge(set, claims.generation, rotation, now());
    if (judgement.kind === "reused") {
      if (rotation.kind === "strict") grant.ended = true;
      if (rotation.kind === "grace") set.ended = true;
      return { ...refuse("The refresh token was used before."), reuse: true };
    }
    if (claims.expiresAt !== undefined && now() >= claims.expiresAt) return refuse("The refresh token has expired.");
    if (scopes?.some((scope) => !set.scopes.includes(scope))) {
      return refuse("More scopes were asked for than were granted.", "invalid_scope");
    }
    const next = spend(set, judgement.refresh, rotation, now(), issuer.refreshExpiry());
    const issued = issuer.issueSet(grant, claims.tokenSet, set, next, scopes);
    return { grant, tokenSets: { [claims.tokenSet]: issued }, nonce: undefined };
  };

  const lookUp = (claims: TokenClaims | undefined): AccessLookup => {
    const found = claims?.kind === "access" ? find(claims) : undefined;
    if (claims === undefined || found === undefined || found.grant.clientId !== clientId) return { kind: "unknown" };
    const { grant, set } = found;
    const revoked = grant.ended || set.ended || set.revokedAccess.includes(claims.serial);
    if (revoked || claims.serial <= set.accessRevokedThrough) return { kind: "revoked" };
    const expired = claims.expiresAt !== undefined && now() >= claims.expiresAt;
    if (expired || claims.serial <= set.accessExpiredThrough) return { kind: "expired" };
    const scopes = set.narrowed[claims.serial] ?? set.scopes;
    return { kind: "live", grant, tokenSet: claims.tokenSet, scopes };
  };

  const useAccessToken = (token: string): AccessLookup => {
    const claims = text.read(token);
    const access = lookUp(claims);
    const set = access.kind === "live" ? access.grant.sets[access.tokenSet] : undefined;
    if (claims && set) markUsed(set, claims.generation, rotation);
    return access;
  };

  const isAlive = (refreshToken: string): boolean => {
    const claims = text.read(refreshToken);
    const found = claims?.kind === "refresh" ? find(claims) : undefined;
    if (claims === undefined || found === undefined || found.grant.clientId !== clientId) return false;
    if (found.grant.ended || found.set.ended) return false;
    if (claims.expiresAt !== undefined && now() >= claims.expiresAt) return false;
    return judge(found.set, claims.generation, rotation, now()).kind === "live";
  };

  return {
    issueCode: (consent) => {
      const code = `emulated-code-${randomBytes(24).toString("base64url")}`;
      state.codes[code] = { ...consent, expiresAt: now() + codeLifetime };
      return code;
    },
    exchange,
    refresh,
    seed: (request) => issuer.newGrant({ ...request, params: {} }),
    issue: (consent) => issuer.newGrant({ ...consent, accessTokenExpired: false }),
    useAccessToken,
    isAlive,
    inspect: (token) => {
      const claims = text.read(token);
      const found = find(claims);
      if (claims === undefined || found === undefined) return undefined;
      const { kind, expiresAt } = claims;
      const access = lookUp(claims);
      if (access.kind === "live") return { kind, grant: access.grant, scopes: access.scopes, expiresAt };
      return isAlive(token) ? { kind, grant: found.grant, scopes: found.set.scopes, expiresAt } : undefined;
    },
    describe: (token) => text.read(token),
    accountOf: (token) => find(text.read(token))?.grant.accountId,
    holdsRefreshToken: (accountId) =>
      state.grants.some(
        (grant) =>
          grant.accountId === accountId &&
          !grant.ended &&
          Object.values(grant.sets).some((set) => !set.ended && set.live.length > 0),
      ),
    end: (token, what) => {
      const claims = text.read(token);
      const found = find(claims);
      if (claims === undefined || found === undefined) return false;
      const { grant, set } = found;
      if (what === "account") {
        for (const other of state.grants) if (other.accountId === grant.accountId) other.ended = true;
      } else if (what === "grant") grant.ended = true;
      else if (what === "set" || claims.kind === "refresh") set.ended = true;
      else set.revokedAccess.push(claims.serial);
      return true;
    },
    expireAccessTokens: () => {
      for (const grant of state.grants) {
        for (const set of Object.values(grant.sets)) set.accessExpiredThrough = set.lastAccess;
      }
    },
  };
}
