import { createHash } from "node:crypto";

const verifierShape = /^[A-Za-z0-9\-._~]{43,128}$/;

/**
 * Whether a verifier answers the challenge of the authorization request (RFC 7636, section 4.6, S256 only). Where none
 * was sent, a verifier is refused: it would have come from another flow.
 */
export function verifierMatches(challenge: string | undefined, verifier: string | undefined): boolean {
  if (challenge === undefined) return verifier === undefined;
  if (verifier === undefined || !verifierShape.test(verifier)) return false;
  return createHash("sha256").update(verifier).digest("base64url") === challenge;
}
