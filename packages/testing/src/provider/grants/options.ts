/** Which grants a provider takes beside `authorization_code`, `refresh_token` and a device's. */
export interface GrantOptions {
  readonly clientCredentials?: ClientCredentialsOptions;
  readonly jwtBearer?: JwtBearerOptions;
  readonly tokenExchange?: TokenExchangeOptions;
  readonly signedRequest?: SignedRequestOptions;
}

/** RFC 6749, section 4.4. */
export interface ClientCredentialsOptions {
  /** Whose API the client gets tokens for. Left out: the first account's. */
  readonly accountId?: string;
  /** All that the client may ask for. Left out: anything. */
  readonly scopes?: readonly string[];
}

/** RFC 7523, section 2.1. The `sub` of an assertion is the id or the e-mail address of an account. */
export interface JwtBearerOptions {
  /** The public key of each issuer of assertions (SPKI in PEM), by its `iss`. */
  readonly issuers: Readonly<Record<string, string>>;
  /**
   * What `aud` must be: the provider's issuer or its token endpoint, as they are at the emulator, or another string. Left
   * out: the issuer where the connector has one, else the token endpoint.
   */
  readonly audience?: "issuer" | "tokenEndpoint" | (string & {});
  /** True: an assertion without `sub` is about its issuer itself, which RFC 7523 does not say and Google does. */
  readonly issuerIsSubject?: boolean;
  /** True: there is a refresh token too, as Microsoft gives one on behalf of a user. */
  readonly refreshTokens?: boolean;
}

/** Calls of the provider's own that carry a signed JWT as their bearer token and give an access token, such as GitHub's. */
export interface SignedRequestOptions {
  /** The public key of each issuer of JWTs (SPKI in PEM), by its `iss`. */
  readonly issuers: Readonly<Record<string, string>>;
}

/** RFC 8693. The provider's own access tokens can be exchanged, and those that are listed here. */
export interface TokenExchangeOptions {
  readonly subjectTokens?: readonly SubjectToken[];
  /** All `audience` and `resource` values that are taken. Left out: any. */
  readonly targets?: readonly string[];
}

/** A security token of another issuer. */
export interface SubjectToken {
  readonly token: string;
  /** A token type identifier (RFC 8693, section 3), such as `urn:ietf:params:oauth:token-type:jwt`. */
  readonly type: string;
  readonly accountId: string;
  /** Left out: the connector's. */
  readonly scopes?: readonly string[];
}
