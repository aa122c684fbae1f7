import { createHmac, createSecretKey, type KeyObject } from "node:crypto";

/** What a secret of 32 bytes is used as. */
export interface DerivedKey {
  readonly encryption: KeyObject;
  /** Stands beside each ciphertext and says under which key it opens: AES-GCM alone lets one open under two keys. */
  readonly commitment: Buffer;
}

export const commitmentLength = 32;

const noSalt = createSecretKey(Buffer.alloc(32));

/**
 * HKDF-SHA-256 (RFC 5869) without a salt: the secret is random already. As two bare steps of HMAC, since `hkdfSync` looks
 * its algorithm up anew for each output, which costs more than all else that opens a grant.
 */
export function deriveKey(secret: Uint8Array): DerivedKey {
  const extracted = createSecretKey(createHmac("sha256", noSalt).update(secret).digest());
  // Section 2.3 with one block: 32 bytes are the hash's own length.
  const expand = (purpose: string): Buffer =>
    createHmac("sha256", extracted).update(`grantkeeper 1 ${purpose}\x01`).digest();
  return { encryption: createSecretKey(expand("encryption")), commitment: expand("commitment") };
}
