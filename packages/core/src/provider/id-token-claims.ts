import { createHash } from "node:crypto";
import type { NormalTokenResponse } from "./token-response.ts";

export interface IdTokenContext {
  readonly clientId: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** Whether it tells of a sign-in that has just been; one that a refresh brings may be as old as the grant. */
  readonly isNew: boolean;
}

const toleranceSeconds = 60;
/** A code is exchanged within the ten minutes of its flow. */
const longestAgeSeconds = 10 * 60;

/**
 * Checks what openid-client leaves open of an ID token: `azp` and `iat` (OpenID Connect Core, section 3.1.3.7, 5 and 10),
 * and `at_hash` (3.1.3.8). Throws an error whose code names the claim that does not hold.
 */
export function assertIdTokenClaims(
  claims: Readonly<Record<string, unknown>> | undefined,
  { access_token: accessToken = "", id_token: idToken = "" }: NormalTokenResponse,
  { clientId, now, isNew }: IdTokenContext,
): void {
  if (claims === undefined) return;
  const { azp, iat, at_hash: accessTokenHash } = claims;
  if (azp !== undefined && azp !== clientId) throw unsound("AZP");
  if (!isNew) return;
  const age = now / 1000 - Number(iat);
  if (age < -toleranceSeconds || age > longestAgeSeconds + toleranceSeconds) throw unsound("IAT");
  if (accessTokenHash !== undefined && accessTokenHash !== halfHash(accessToken, idToken)) throw unsound("AT_HASH");
}

/** The left half of the hash that the ID token's algorithm has. */
function halfHash(accessToken: string, idToken: string): string {
  const header = JSON.parse(Buffer.from(idToken.split(".")[0] ?? "", "base64url").toString("utf8")) as {
    alg?: unknown;
  };
  const bits = /(256|384)$/.exec(String(header.alg))?.[1] ?? "512";
  const hash = createHash(`sha${bits}`).update(accessToken).digest();
  return hash.subarray(0, hash.length / 2).toString("base64url");
}

function unsound(claim: string): Error {
  return Object.assign(new Error("the ID token does not hold"), { code: `ID_TOKEN_${claim}` });
}
