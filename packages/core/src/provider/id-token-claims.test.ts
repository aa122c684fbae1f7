import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { causeWithoutSecrets } from "../errors.ts";
import { assertIdTokenClaims, type IdTokenContext } from "./id-token-claims.ts";

const now = Date.UTC(2026, 10, 26, 12);
const at = now / 1000;
const signIn: IdTokenContext = { clientId: "client-1", now, isNew: true };

function check(claims: Readonly<Record<string, unknown>>, context = signIn, alg: unknown = "RS256"): string {
  const header = Buffer.from(JSON.stringify({ alg })).toString("base64url");
  const response = { token_type: "bearer", access_token: "a", id_token: `${header}.e30.AAAA` };
  try {
    assertIdTokenClaims({ iat: at, ...claims }, response, context);
  } catch (error) {
    return causeWithoutSecrets(error).message;
  }
  return "holds";
}

function half(algorithm: string): string {
  const hash = createHash(algorithm).update("a").digest();
  return hash.subarray(0, hash.length / 2).toString("base64url");
}

describe("assertIdTokenClaims", () => {
  test("has nothing to say where there is no ID token", () => {
    expect(() => assertIdTokenClaims(undefined, { token_type: "bearer" }, signIn)).not.toThrow();
  });

  test.each([
    [-660, "holds"],
    [-661, "Error ID_TOKEN_IAT"],
    [60, "holds"],
    [61, "Error ID_TOKEN_IAT"],
  ])("R37 of a sign-in, an ID token issued %d seconds from now: %s", (seconds, expected) => {
    expect(check({ iat: at + seconds })).toBe(expected);
    expect(check({ iat: at + seconds }, { ...signIn, isNew: false })).toBe("holds");
  });

  test.each([
    ["client-1", "holds"],
    ["client-2", "Error ID_TOKEN_AZP"],
    ["", "Error ID_TOKEN_AZP"],
    [null, "Error ID_TOKEN_AZP"],
    [["client-1"], "Error ID_TOKEN_AZP"],
  ])("R37 R40 given to %j: %s", (azp, expected) => {
    expect(check({ azp })).toBe(expected);
    expect(check({ azp }, { ...signIn, isNew: false })).toBe(expected);
  });

  test.each([
    ["RS256", "sha256"],
    ["PS384", "sha384"],
    ["ES512", "sha512"],
    ["EdDSA", "sha512"],
  ])("R37 at_hash is the left half of the hash of %s", (alg, algorithm) => {
    expect(check({ at_hash: half(algorithm) }, signIn, alg)).toBe("holds");
    for (const wrong of ["", null, 1, `${half(algorithm)}=`, half(algorithm).slice(1)]) {
      expect(check({ at_hash: wrong }, signIn, alg)).toBe("Error ID_TOKEN_AT_HASH");
    }
  });
});
