import { deviceGrantType } from "./device/options.ts";

/** Where in its grant's history a token stands. */
export interface Lineage {
  readonly grant: number;
  readonly tokenSet: string;
  /** Counts the refresh tokens of the set from 1. */
  readonly generation: number;
}

/** One request to the token endpoint. Times are Unix milliseconds of the process, except `at`. */
export interface TokenRequestEntry {
  /** When it came: Unix milliseconds of the injected clock. */
  readonly at: number;
  readonly startedAt: number;
  /** `undefined` while the request is in flight. */
  endedAt: number | undefined;
  grantType: string | undefined;
  clientId: string | undefined;
  accountId: string | undefined;
  /** Of the refresh token that was presented, alive or not. */
  presented: Lineage | undefined;
  /** Of what was issued: the first token set on an exchange. */
  issued: Lineage | undefined;
  /** Of the device code that was presented, alive or not: the seconds that had to lie between two polls when this one came. */
  device: { readonly userCode: string; readonly intervalSeconds: number } | undefined;
  /**
   * `issued`, or the error code of RFC 6749, section 5.2 and its extensions; `pending` while in flight; `fault` when an
   * injected fault came first.
   */
  outcome: string;
  /** True when a spent refresh token or code was presented. */
  reuse: boolean;
}

/** One request to an API route, or to userinfo. */
export interface ApiRequestEntry {
  readonly at: number;
  readonly method: string;
  /** At the real provider. */
  readonly url: string;
  readonly accountId: string | undefined;
  readonly lineage: Lineage | undefined;
  /** What the request was let in by. */
  readonly credential: "accessToken" | "apiKey" | "basic" | undefined;
  /** Why the access token was not accepted. */
  readonly reason: "missing" | "unknown" | "expired" | "revoked" | undefined;
  readonly status: number;
}

/** One request to an endpoint at which the client proves itself, beside the token and revocation endpoints. */
export interface ClientRequestEntry {
  /** Unix milliseconds of the injected clock. */
  readonly at: number;
  readonly endpoint: "device_authorization" | "introspection" | "pushed_authorization_request";
  /** `answered`, of an introspection `active` or `inactive`, or the error code. */
  readonly outcome: string;
}

/** One token that was asked to be revoked, at the revocation endpoint or at a route. */
export interface RevocationEntry {
  readonly at: number;
  readonly lineage: Lineage | undefined;
  /** Whether the token was one of this provider. */
  readonly known: boolean;
}

/** What happened at a provider, in memory, for tests. */
export interface ProviderLog {
  readonly tokenRequests: readonly TokenRequestEntry[];
  /** Those of `tokenRequests` that are polls of a device (RFC 8628, section 3.4). */
  readonly devicePolls: readonly TokenRequestEntry[];
  readonly clientRequests: readonly ClientRequestEntry[];
  readonly apiRequests: readonly ApiRequestEntry[];
  readonly revocations: readonly RevocationEntry[];
  /** How many spent refresh tokens and codes were presented. */
  readonly reuseDetected: number;
  readonly clear: () => void;
}

/** The side of the log that the provider writes. */
export interface LogWriter extends ProviderLog {
  /** `at` in Unix milliseconds of the injected clock. */
  readonly tokenRequest: (at: number) => TokenRequestEntry;
  readonly clientRequest: (entry: ClientRequestEntry) => void;
  readonly apiRequest: (entry: ApiRequestEntry) => void;
  readonly revocation: (entry: RevocationEntry) => void;
  readonly reuse: () => void;
}

/** Creates an empty log. */
export function createLog(): LogWriter {
  const tokenRequests: TokenRequestEntry[] = [];
  const clientRequests: ClientRequestEntry[] = [];
  const apiRequests: ApiRequestEntry[] = [];
  const revocations: RevocationEntry[] = [];
  let reuseDetected = 0;
  return {
    tokenRequests,
    get devicePolls() {
      return tokenRequests.filter(({ grantType }) => grantType === deviceGrantType);
    },
    clientRequests,
    apiRequests,
    revocations,
    get reuseDetected() {
      return reuseDetected;
    },
    clear: () => {
      tokenRequests.length = 0;
      clientRequests.length = 0;
      apiRequests.length = 0;
      revocations.length = 0;
      reuseDetected = 0;
    },
    tokenRequest: (at) => {
      const entry: TokenRequestEntry = {
        at,
        startedAt: Date.now(),
        endedAt: undefined,
        grantType: undefined,
        clientId: undefined,
        accountId: undefined,
        presented: undefined,
        issued: undefined,
        device: undefined,
        outcome: "pending",
        reuse: false,
      };
      tokenRequests.push(entry);
      return entry;
    },
    clientRequest: (entry) => clientRequests.push(entry),
    apiRequest: (entry) => apiRequests.push(entry),
    revocation: (entry) => revocations.push(entry),
    reuse: () => {
      reuseDetected++;
    },
  };
}
