import { createSecretKey, hkdfSync, type KeyObject } from "node:crypto";

/** What a secret of 32 bytes is used as. */
export interface DerivedKey {
  readonly encryption: KeyObject;
  /** Stands beside each ciphertext and says under which key it opens: AES-GCM alone lets one open under two keys. */
  readonly commitment: Buffer;
}

export const commitmentLength = 32;

/** HKDF-SHA-256 (RFC 5869) without a salt: the secret is random already. */
export function deriveKey(secret: Uint8Array): DerivedKey {
  // Of bytes, Node would make a key object for each of the two, and more slowly.
  const key = createSecretKey(secret);
  const derive = (purpose: string): Buffer =>
    Buffer.from(hkdfSync("sha256", key, new Uint8Array(0), `grantkeeper 1 ${purpose}`, 32));
  return { encryption: createSecretKey(derive("encryption")), commitment: derive("commitment") };
}
