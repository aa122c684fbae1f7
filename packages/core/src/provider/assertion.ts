import { createPrivateKey, randomUUID } from "node:crypto";
import type { AssertionKey } from "../connector/client-authentication.ts";
import type { Assertion } from "../connector/credentials.ts";
import { causeWithoutSecrets, GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Secret } from "../secret.ts";
import { secretOf } from "../secret.ts";

/** A key that may sign, and what goes with it. */
export interface ReadKey extends Omit<AssertionKey, "privateKey"> {
  readonly signingKey: CryptoKey;
}

/** Asks for a key. Throws `keys_unavailable` where it cannot be had, `invalid_config` where it is none. */
export async function readKey(ask: () => AssertionKey | Promise<AssertionKey>): Promise<ReadKey> {
  let key: AssertionKey;
  try {
    key = await ask();
  } catch (error) {
    if (isGrantkeeperError(error)) throw error;
    throw new GrantkeeperError(
      "keys_unavailable",
      "The key that signs assertions could not be had. Nothing was sent.",
      {
        cause: causeWithoutSecrets(error),
      },
    );
  }
  const { privateKey, ...rest } = key;
  try {
    return { ...rest, signingKey: await importKey(privateKey, rest.algorithm) };
  } catch (error) {
    throw new GrantkeeperError(
      "invalid_config",
      "The key that signs assertions is no private key for its algorithm. Nothing was sent.",
      { cause: causeWithoutSecrets(error) },
    );
  }
}

/** Signs an assertion; `now` in Unix milliseconds. Throws as {@link readKey} does. */
export async function sign({ key, claims, lifetime = 60, backdated = 0 }: Assertion, now: number): Promise<Secret> {
  const { signingKey, algorithm, keyId, header } = await readKey(async () => (typeof key === "function" ? key() : key));
  const issuedAt = Math.floor(now / 1000) - backdated;
  const payload = { jti: randomUUID(), ...claims, iat: issuedAt, exp: issuedAt + lifetime };
  const protectedHeader = { typ: "JWT", ...header, alg: algorithm, ...(keyId === undefined ? {} : { kid: keyId }) };
  // Loaded when it is first needed: few connectors sign.
  const { SignJWT } = await import("jose/jwt/sign");
  return secretOf(await new SignJWT(payload).setProtectedHeader(protectedHeader).sign(signingKey));
}

async function importKey(
  privateKey: AssertionKey["privateKey"],
  algorithm: AssertionKey["algorithm"],
): Promise<CryptoKey> {
  if (typeof privateKey !== "string") {
    if (privateKey.type === "private" && privateKey.usages.includes("sign")) return privateKey;
    throw new TypeError("not a private key that may sign");
  }
  // The same class under two names: the types of Node know usages that those of the web do not.
  return createPrivateKey(privateKey).toCryptoKey(algorithms[algorithm], false, ["sign"]) as CryptoKey;
}

const algorithms = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256" },
  EdDSA: { name: "Ed25519" },
} as const;
