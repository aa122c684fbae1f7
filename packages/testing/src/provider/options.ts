import type {
  Connector,
  EmulatedAccount,
  EmulatedResponse,
  IssuedTokenSet,
  Rotation,
} from "@grantkeeper/core/connector";
import type { DeviceOptions } from "./device/options.ts";
import type { GrantOptions } from "./grants/options.ts";
import type { ProviderLog, TokenRequestEntry } from "./log.ts";
import type { ApiKey, BasicCredential } from "./static-credentials.ts";

/**
 * What to do instead of answering: answer this, `reset` the connection, or `cut` the true answer in the middle (where
 * there is none yet, the same as `reset`). Returning a promise delays.
 */
export type Fault = EmulatedResponse | "reset" | "cut";
type FaultAnswer = Fault | undefined | Promise<Fault | undefined>;

/** Where faults are injected into token requests. Each is called for every request, and answers `undefined` to pass. */
export interface Faults {
  /** Before the request is judged: nothing is spent and nothing issued. */
  readonly before?: (request: Readonly<TokenRequestEntry>) => FaultAnswer;
  /** After the tokens were issued (and written to `stateFile`), before the answer is sent. */
  readonly after?: (request: Readonly<TokenRequestEntry>) => FaultAnswer;
  /**
   * Before an API route, userinfo, or an endpoint for the client but the token endpoint answers, such as revocation. `url`
   * is at the real provider, of an endpoint of the emulator's own, such as `/par`, at the emulator.
   */
  readonly api?: (request: { readonly method: string; readonly url: URL }) => FaultAnswer;
}

export interface ProviderOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Seconds; `null`: for ever. Left out: as the connector's emulation says, else its `accessTokenLifetime`, else 3600. */
  readonly accessTokenLifetime?: number | null;
  /** Seconds; `null`: for ever. Left out: the connector's `refreshTokenLifetime`, else for ever. */
  readonly refreshTokenLifetime?: number | null;
  /** Also told to the returned connector. Left out: the connector's. */
  readonly rotation?: Rotation;
  /** Whether refresh tokens are issued. Left out: if access tokens expire. */
  readonly refreshTokens?: boolean;
  /** Milliseconds that a token or API request takes, half of them before it is judged and half after. */
  readonly latencyMs?: number;
  /** Keeps grants and keys over restarts (mode 0600). Written before any token is answered. */
  readonly stateFile?: string;
  /** Unix milliseconds; decides about expiry. */
  readonly now?: () => number;
  /** Consents at once as this account, without a page. */
  readonly signInAs?: string;
  /** Narrows what a user grants, whatever was chosen on the page. */
  readonly grantedScopes?: (requested: readonly string[], tokenSet: string) => readonly string[];
  readonly faults?: Faults;
  /** Grants beside `authorization_code` and `refresh_token`. Those left out are refused. */
  readonly grants?: GrantOptions;
  /** Lets devices in (RFC 8628), also where the connector has no `deviceAuthorizationEndpoint`. Never in `stateFile`. */
  readonly device?: DeviceOptions;
  /** Keys that API routes take: in the connector's `tokenHeader`, else in `Authorization` under any scheme but Basic. */
  readonly apiKeys?: readonly ApiKey[];
  /** User names and passwords that API routes take. */
  readonly basicCredentials?: readonly BasicCredential[];
  /** True: only pushed authorization requests are taken (RFC 9126, section 5). */
  readonly requirePar?: boolean;
}

export interface SeedOptions {
  readonly count: number;
  /** Whose grants they are. Left out: each has an account of its own. */
  readonly accountId?: string;
  /** Scopes of the `default` token set. Left out: the connector's. */
  readonly scopes?: readonly string[];
  /** Names of the sets in each grant. Left out: `default` and those of the connector's sets that ask for scopes. */
  readonly tokenSets?: readonly string[];
  /** True: their access tokens have expired already. */
  readonly accessTokenExpired?: boolean;
}

export interface SeededTokenSet extends IssuedTokenSet {
  /** Unix milliseconds; `undefined` where it does not expire. */
  readonly expiresAt: number | undefined;
}

export interface SeededGrant {
  /** The number under which `log` shows it. */
  readonly grant: number;
  readonly account: EmulatedAccount;
  readonly tokenSets: Readonly<Record<string, SeededTokenSet>>;
}

/** A provider that `startProvider` serves on the loopback interface. */
export interface EmulatedProvider<C extends Connector = Connector> {
  /** The connector that was given, with every URL pointed here. */
  readonly connector: C;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly accounts: readonly EmulatedAccount[];
  readonly log: ProviderLog;
  /** Adds grants as if users had consented. */
  readonly seed: (options: SeedOptions) => readonly SeededGrant[];
  /** Ends the grant that a token of either kind belongs to, as its user does at the provider; false for an unknown one. */
  readonly revokeGrant: (token: string) => boolean;
  /**
   * Lets the device in that shows a code: left out, as the first account and with all scopes asked for. Throws RangeError
   * where none waits with this code, or there is no such account.
   */
  readonly approveDevice: (
    userCode: string,
    choice?: { readonly accountId?: string; readonly scopes?: readonly string[] },
  ) => void;
  /** Refuses the device that shows a code. Throws RangeError where none waits with it. */
  readonly denyDevice: (userCode: string) => void;
  /** Ends the life of every access token issued so far. */
  readonly expireAccessTokens: () => void;
  /** Whether refreshing with this token would succeed now. Changes nothing. */
  readonly isAlive: (refreshToken: string) => boolean;
  /** Stops listening, drops open connections and writes `stateFile`. */
  readonly close: () => Promise<void>;
}
