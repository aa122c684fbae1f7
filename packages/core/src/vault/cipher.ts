import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from "node:crypto";

/** AES-256-GCM with a random IV of 12 bytes in front and a tag of 16 at the end, pinned to this length. */
export const ivLength = 12;
export const tagLength = 16;

export function encrypt(key: KeyObject, plaintext: Uint8Array, associatedData: Uint8Array): Buffer {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv("aes-256-gcm", key, iv, { authTagLength: tagLength });
  cipher.setAAD(associatedData);
  return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** `undefined` where the bytes are not what this key has sealed for this associated data. */
export function decrypt(key: KeyObject, sealed: Buffer, associatedData: Uint8Array): Buffer | undefined {
  const iv = sealed.subarray(0, ivLength);
  const ciphertext = sealed.subarray(ivLength, sealed.length - tagLength);
  const decipher = createDecipheriv("aes-256-gcm", key, iv, { authTagLength: tagLength });
  decipher.setAAD(associatedData);
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}
