import type { EmulatedAccount } from "@grantkeeper/core/connector";
import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from "jose";
import type { EngineState } from "./state.ts";

export interface IdTokenRequest {
  readonly issuer: string;
  readonly clientId: string;
  readonly account: EmulatedAccount;
  readonly scopes: readonly string[];
  readonly nonce: string | undefined;
  /** Unix milliseconds. */
  readonly now: number;
}

export interface IdTokenSigner {
  readonly sign: (request: IdTokenRequest) => Promise<string>;
  /** RFC 7517, section 5. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

const algorithm = "RS256";
const lifetimeSeconds = 3600;

/** Signs ID tokens (OpenID Connect Core, section 2) with a key that is kept in the state. */
export async function createIdTokenSigner(state: EngineState): Promise<IdTokenSigner> {
  if (state.signingKey === undefined) {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    state.signingKey = { ...(await exportJWK(pair.privateKey)), kid: "emulated", alg: algorithm, use: "sig" };
  }
  const jwk = state.signingKey as JWK;
  const key = await importJWK(jwk, algorithm);
  const { kty, n, e, kid, alg, use } = jwk as Record<string, string>;

  return {
    jwks: { keys: [{ kty, n, e, kid, alg, use } as JWK] },
    sign: ({ issuer, clientId, account, scopes, nonce, now }) => {
      const seconds = Math.floor(now / 1000);
      return new SignJWT({ ...identityClaims(account, scopes), ...(nonce === undefined ? {} : { nonce }) })
        .setProtectedHeader({ alg: algorithm, kid: "emulated" })
        .setIssuer(issuer)
        .setSubject(account.id)
        .setAudience(clientId)
        .setIssuedAt(seconds)
        .setExpirationTime(seconds + lifetimeSeconds)
        .sign(key);
    },
  };
}

/** The claims that the scopes `profile` and `email` ask for (OpenID Connect Core, section 5.4). */
export function identityClaims(
  account: EmulatedAccount,
  scopes: readonly string[],
): Readonly<Record<string, string | boolean>> {
  const { name, avatarUrl, email } = account;
  return {
    ...(scopes.includes("profile") ? { name, ...(avatarUrl === undefined ? {} : { picture: avatarUrl }) } : {}),
    ...(scopes.includes("email") && email !== undefined ? { email, email_verified: true } : {}),
  };
}
