import { createCipheriv, createDecipheriv, randomBytes, timingSafeEqual } from "node:crypto";
import { commitmentLength, type DerivedKey } from "./derived-key.ts";

// AES-256-GCM: a random IV of 12 bytes, the key's commitment, the ciphertext, and a tag of 16 bytes, pinned to this length.

const ivLength = 12;
const tagLength = 16;
const bodyAt = ivLength + commitmentLength;
/** What sealing adds. */
export const overhead: number = bodyAt + tagLength;

export function encrypt(key: DerivedKey, plaintext: Uint8Array, associatedData: Uint8Array): Buffer {
  return prepareEncryption(key, associatedData)(plaintext);
}

/** All that an encryption does before its plaintext is there. What it returns throws when it is called a second time. */
export function prepareEncryption(key: DerivedKey, associatedData: Uint8Array): (plaintext: Uint8Array) => Buffer {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv("aes-256-gcm", key.encryption, iv, { authTagLength: tagLength });
  cipher.setAAD(associatedData);
  // Once final, a cipher takes nothing more: no IV is ever used twice.
  return (plaintext) =>
    Buffer.concat([iv, key.commitment, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** `undefined` where the bytes are not what this key has sealed for this associated data. */
export function decrypt(key: DerivedKey, sealed: Buffer, associatedData: Uint8Array): Buffer | undefined {
  if (sealed.length < overhead) return undefined;
  if (!timingSafeEqual(sealed.subarray(ivLength, bodyAt), key.commitment)) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key.encryption, sealed.subarray(0, ivLength), {
    authTagLength: tagLength,
  });
  decipher.setAAD(associatedData);
  decipher.setAuthTag(sealed.subarray(sealed.length - tagLength));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(bodyAt, sealed.length - tagLength)), decipher.final()]);
  } catch {
    return undefined;
  }
}
