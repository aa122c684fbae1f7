/** One refresh token that can still be presented. */
export interface RefreshGeneration {
  readonly generation: number;
  /** The generation whose use gave this one. */
  readonly parent: number | undefined;
  /** Unix milliseconds; `undefined` where it does not expire. */
  readonly expiresAt: number | undefined;
  /** When it was first used, under `grace`. */
  spentAt?: number;
}

/** One token set of a grant. Spent generations need no record: any number up to `lastGeneration` that is not live is spent. */
export interface TokenSetState {
  readonly scopes: readonly string[];
  live: RefreshGeneration[];
  lastGeneration: number;
  lastAccess: number;
  accessRevokedThrough: number;
  accessExpiredThrough: number;
  readonly revokedAccess: number[];
  /** Scopes of those access tokens that a refresh asked fewer scopes for. */
  readonly narrowed: Record<string, readonly string[]>;
  ended: boolean;
}

export interface GrantState {
  readonly id: number;
  readonly accountId: string;
  readonly clientId: string;
  /** Values of the `{name}` places in the authorization endpoint that was called. */
  readonly params: Readonly<Record<string, string>>;
  readonly sets: Record<string, TokenSetState>;
  ended: boolean;
}

/** What a consent gave, waiting to be exchanged. */
export interface CodeState {
  readonly accountId: string;
  readonly scopes: Readonly<Record<string, readonly string[]>>;
  readonly redirectUri: string;
  readonly codeChallenge: string | undefined;
  readonly nonce: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly refreshTokens: boolean;
  readonly expiresAt: number;
  /** The grant that it was exchanged for. */
  grantId?: number;
}

/** Everything the engine knows, as JSON: nothing of it is ever evicted. */
export interface EngineState {
  /** Base64url; authenticates the token texts. */
  readonly key: string;
  readonly grants: GrantState[];
  readonly codes: Record<string, CodeState>;
  /** The private key that signs ID tokens, as a JWK. */
  signingKey?: Readonly<Record<string, unknown>>;
}
