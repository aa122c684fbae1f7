import type { JsonObject } from "../connector/json.ts";
import type { Account } from "../connector/types.ts";
import type { FlowStart, StartedFlow } from "../flow/types.ts";
import type { ReauthorizationReason } from "../grant/grant.ts";
import type { RevocationOutcome } from "../grant/revocation.ts";
import type { AccessToken } from "./access-token.ts";
import type { ApiRequestInit } from "./api-fetch.ts";
import type { TokenOptions } from "./tokens.ts";

/** What may be said of a flow for a connection that is there. */
export type ReconnectStart = Omit<FlowStart, "owner" | "connectionId" | "params">;

/** Which scopes are missing, and the flow that asks for them; `undefined` where none is. */
export interface ScopeCheck {
  readonly missing: readonly string[];
  readonly flow: StartedFlow | undefined;
}

/** A link between an owner and one account at a provider. Its methods are called on it: none works handed on by itself. */
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
  reconnect(start?: ReconnectStart): Promise<StartedFlow>;

  /**
   * Says which of these scopes the grant does not cover, and starts a flow for them and all that was granted before. `as`
   * names the token set; `default` when left out.
   */
  requireScopes(
    scopes: readonly string[],
    start?: ReconnectStart & { readonly as?: "default" | TokenSet },
  ): Promise<ScopeCheck>;

  /**
   * Starts the flow that an API's answer asks for: more scopes (RFC 6750, section 3.1), or a fresher or stronger sign-in (RFC
   * 9470). `undefined` where it asks for neither. After three flows in an hour for the same demand it is `scope_missing`.
   */
  stepUp(response: Pick<Response, "status" | "headers">, start?: ReconnectStart): Promise<StartedFlow | undefined>;

  /**
   * Ends the grant at the provider and erases it here. It is erased here regardless: what the provider could not be told of
   * is `pending`, and `keeper.retryRevocations` tells it later.
   */
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
