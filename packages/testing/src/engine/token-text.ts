import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";

/** What a token's text says, authenticated, so that a spent token is recognised for ever without being kept. */
export interface TokenClaims {
  readonly kind: "access" | "refresh";
  readonly grantId: number;
  readonly tokenSet: string;
  /** Of a refresh token its own; of an access token that of the refresh token issued with it. */
  readonly generation: number;
  /** Counts the access tokens of a set; 0 in a refresh token. */
  readonly serial: number;
  /** Unix milliseconds; `undefined` where the token does not expire. */
  readonly expiresAt: number | undefined;
}

export interface TokenText {
  readonly write: (claims: TokenClaims) => string;
  /** Returns `undefined` for a text that this provider did not write. */
  readonly read: (text: string) => TokenClaims | undefined;
}

const shape = /^emulated-(access|refresh)-([A-Za-z0-9_-]{1,1000})\.([A-Za-z0-9_-]{22})$/;

/** Writes and reads token texts under a key (base64url). */
export function tokenText(key: string): TokenText {
  // Of bytes, Node would make a key object at each call, and more slowly.
  const secret = createSecretKey(key, "base64url");
  const authenticate = (message: string) => createHmac("sha256", secret).update(message).digest().subarray(0, 16);

  return {
    write: ({ kind, grantId, tokenSet, generation, serial, expiresAt }) => {
      const payload = JSON.stringify([grantId, tokenSet, generation, serial, expiresAt ?? null]);
      const message = `emulated-${kind}-${Buffer.from(payload).toString("base64url")}`;
      return `${message}.${authenticate(message).toString("base64url")}`;
    },
    read: (text) => {
      const [, kind, payload, tag] = shape.exec(text) ?? [];
      if (kind === undefined || payload === undefined || tag === undefined) return undefined;
      const expected = authenticate(`emulated-${kind}-${payload}`);
      if (!timingSafeEqual(Buffer.from(tag, "base64url"), expected)) return undefined;
      const [grantId, tokenSet, generation, serial, expiresAt] = JSON.parse(
        Buffer.from(payload, "base64url").toString(),
      ) as [number, string, number, number, number | null];
      return {
        kind: kind === "access" ? "access" : "refresh",
        grantId,
        tokenSet,
        generation,
        serial,
        expiresAt: expiresAt ?? undefined,
      };
    },
  };
}
