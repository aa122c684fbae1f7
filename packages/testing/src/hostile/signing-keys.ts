import { generateKeyPairSync, type KeyObject } from "node:crypto";
import type { JsonObject } from "@grantkeeper/core/connector";

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface SigningKeys {
  /** The one that the metadata lead to. */
  readonly own: SigningKey;
  /** One that is published nowhere. */
  readonly strange: SigningKey;
}

let made: SigningKeys | undefined;

/** Made once for all providers of a process: making RSA keys takes long. */
export function signingKeys(): SigningKeys {
  made ??= { own: createKey("own-key"), strange: createKey("strange-key") };
  return made;
}

/** RFC 7517, section 4. */
export function publicJwk({ publicKey, kid }: SigningKey): JsonObject {
  return { ...(publicKey.export({ format: "jwk" }) as JsonObject), kid, alg: "RS256", use: "sig" };
}

function createKey(kid: string): SigningKey {
  return { kid, ...generateKeyPairSync("rsa", { modulusLength: 2048 }) };
}
