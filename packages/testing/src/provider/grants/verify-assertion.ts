import { createPublicKey } from "node:crypto";
import { decodeJwt, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";

/** The claims of a JWT that one of the issuers has signed and that holds as the options say; `undefined` for any other. */
export type VerifyAssertion = (
  assertion: string,
  options: Pick<JWTVerifyOptions, "audience" | "currentDate" | "requiredClaims">,
) => Promise<JWTPayload | undefined>;

const algorithms = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"];

/** Throws for a public key that is none: SPKI in PEM, by `iss`. */
export function assertionVerifier(issuers: Readonly<Record<string, string>>): VerifyAssertion {
  const keys = new Map(Object.entries(issuers).map(([issuer, pem]) => [issuer, createPublicKey(pem)]));
  return async (assertion, options) => {
    try {
      const key = keys.get(decodeJwt(assertion).iss ?? "");
      if (key === undefined) return undefined;
      return (await jwtVerify(assertion, key, { ...options, algorithms })).payload;
    } catch (error) {
      // A TypeError says that the algorithm is not one of the issuer's key.
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
      throw error;
    }
  };
}
