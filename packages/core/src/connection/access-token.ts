import type { TokenSet } from "../provider/token-response.ts";

/** An access token that may be used now. It is frozen, as whoever asks meanwhile has the same one. */
export interface AccessToken {
  readonly accessToken: string;
  readonly tokenType: string;
  /** `undefined` where the provider named no end. */
  readonly expiresAt: Date | undefined;
  readonly scopes: readonly string[];
}

export function toAccessToken({ accessToken, tokenType, expiresAt: end, scopes }: TokenSet): AccessToken {
  return Object.freeze({
    accessToken: accessToken.reveal(),
    tokenType,
    // A date of its own each time: dates can be changed, and to make one takes longer than all else of a token that is held.
    get expiresAt() {
      return end === undefined ? undefined : new Date(end);
    },
    scopes: Object.freeze([...scopes]),
  });
}
