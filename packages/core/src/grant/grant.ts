import type { JsonObject } from "../connector/json.ts";
import type { Account } from "../connector/types.ts";
import { mapValues } from "../map-values.ts";
import { type TokenSet, tokenSetsOf } from "../provider/token-response.ts";
import { type Plain, type Secret, secretOf } from "../secret.ts";
import type { GrantRow } from "../store/port.ts";

/** Why only the user can repair a connection. */
export type ReauthorizationReason = "revoked" | "expired" | "rotation_response_lost";

/** How often a user was sent to the provider for one and the same demand of an API (RFC 9470). */
export interface StepUp {
  /** The demand. */
  readonly challenge: string;
  readonly count: number;
  /** Of the last time, in Unix milliseconds. */
  readonly at: number;
}

/** What is kept for a connection; all of it is sealed. Times are Unix milliseconds. */
export interface Grant {
  /** The connector's key in the keeper. */
  readonly connector: string;
  readonly owner: string;
  readonly params: Readonly<Record<string, string>>;
  /** Which client it was given to, and where: another client's refresh would end it. */
  readonly issuer: string | undefined;
  readonly tokenEndpoint: string;
  readonly clientId: string;
  /** By name; the first one of a consent is `default` unless the connector says otherwise. */
  readonly tokenSets: Readonly<Record<string, TokenSet>>;
  /** What the last consent asked for, by token set. */
  readonly requestedScopes: Readonly<Record<string, readonly string[]>>;
  /** What of it was not the connector's own: the next consent asks for it again. */
  readonly addedScopes?: Readonly<Record<string, readonly string[]>> | undefined;
  /** With what an access token is asked for anew, where that is no refresh token. */
  readonly credentials?: Readonly<Record<string, Secret>> | undefined;
  /** What an API has asked for that the last consent was to give. */
  readonly stepUp?: StepUp | undefined;
  readonly account: Account | undefined;
  /** The subject of the ID token that came at connect. */
  readonly subject: string | undefined;
  /** The application's own. */
  readonly metadata: JsonObject;
  /** Token sets that only a new consent can replace. The others go on. */
  readonly ended: Readonly<Record<string, ReauthorizationReason>>;
  /**
   * For token sets that were refreshed by a request which was sent more than once: until when another of these may still
   * reach the provider, which may take it for a theft.
   */
  readonly doubtedUntil?: Readonly<Record<string, number>> | undefined;
  readonly connectedAt: number;
  readonly refreshedAt: number | undefined;
}

/** A row, opened. */
export interface OpenGrant {
  readonly row: GrantRow;
  readonly grant: Grant;
}

/** A grant as it was sealed. */
export function grantOf(sealed: Plain<Grant>): Grant {
  const { tokenSets, credentials, ...rest } = sealed;
  const grant = { ...rest, tokenSets: tokenSetsOf(tokenSets) };
  if (credentials === undefined) return grant;
  return { ...grant, credentials: mapValues(credentials, secretOf) };
}

/**
 * Whether two readings of a row open to the same grant: all that opening depends on is the same, the ciphertext, what it is
 * bound to and what it is compared with. Not the version alone: after a restored backup one may come a second time, with
 * something else in the row.
 */
export function opensAlike(one: GrantRow, other: GrantRow): boolean {
  return (
    one.grantId === other.grantId &&
    one.version === other.version &&
    one.ownerHash === other.ownerHash &&
    one.connector === other.connector &&
    Buffer.compare(one.sealed, other.sealed) === 0 &&
    Buffer.compare(one.wrappedKey, other.wrappedKey) === 0
  );
}
