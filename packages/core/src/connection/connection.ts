import type { JsonObject } from "../connector/json.ts";
import type { Account } from "../connector/types.ts";
import type { FlowStart, StartedFlow } from "../flow/types.ts";
import type { ReauthorizationReason } from "../grant/grants.ts";
import type { RevocationOutcome } from "../grant/revocation.ts";
import type { ApiRequestInit } from "./api-fetch.ts";
import type { AccessToken, TokenOptions } from "./tokens.ts";

/** A link between an owner and one account at a provider. */
export interface Connection<TokenSet extends string = string> {
  /** The connector's key in the keeper. */
  readonly connector: string;

  /** An access token that is good now: refreshed once, whoever asks. RFC 6749, section 6. */
  token(options?: TokenOptions<TokenSet>): Promise<AccessToken>;

  /**
   * Calls the provider's API with a good access token. `path` is relative to the API's base URL, or an absolute URL of
   * one of its origins. After a 401 the call is made once more with a new token, unless its body is a stream.
   */
  fetch(path: string, init?: ApiRequestInit<TokenSet>): Promise<Response>;

  status(): Promise<ConnectionStatus>;

  /** Starts a flow for this same account: another one is `account_mismatch`, and nothing is overwritten. */
  reconnect(start?: Omit<FlowStart, "owner" | "connectionId" | "params">): Promise<StartedFlow>;

  /** Ends the grant at the provider and erases it here. What failed there is in the outcome: it is erased here regardless. */
  disconnect(): Promise<{ readonly revocation: RevocationOutcome }>;

  /** Replaces what the application keeps with the connection: JSON of at most 16 KiB. */
  setMetadata(metadata: JsonObject): Promise<void>;
}

/** A connection whose id is known. */
export interface IdentifiedConnection<TokenSet extends string = string> extends Connection<TokenSet> {
  readonly id: string;
}

/** What may be shown of a connection: no secret. */
export interface ConnectionStatus {
  readonly connectionId: string;
  readonly connector: string;
  /** `needs_reauthorization` when a token set has ended; the others, if any, go on. */
  readonly state: "active" | "needs_reauthorization";
  readonly account: Account | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly metadata: JsonObject;
  readonly tokenSets: Readonly<Record<string, TokenSetStatus>>;
  readonly connectedAt: Date;
  readonly refreshedAt: Date | undefined;
}

export interface TokenSetStatus {
  /** Why only the user can repair it; `undefined` while it is good. */
  readonly ended: ReauthorizationReason | undefined;
  readonly scopes: {
    readonly requested: readonly string[];
    readonly granted: readonly string[];
    readonly missing: readonly string[];
  };
  readonly obtainedAt: Date;
  readonly expiresAt: Date | undefined;
  /** Whether there is a refresh token, and until when it is good, where the provider says so. */
  readonly refreshable: boolean;
  readonly refreshTokenExpiresAt: Date | undefined;
}
