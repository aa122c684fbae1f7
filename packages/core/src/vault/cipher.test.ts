import { createCipheriv, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { decrypt, encrypt, overhead } from "./cipher.ts";
import { deriveKey } from "./derived-key.ts";

const associatedData = Buffer.from("row");

test("E5 a ciphertext that two keys open is taken by neither but the one it commits to", () => {
  const [own, other] = [deriveKey(randomBytes(32)), deriveKey(randomBytes(32))];
  const sealed = encrypt(own, Buffer.from("grant"), associatedData);
  expect(decrypt(other, sealed, associatedData)).toBeUndefined();
  // What would open under the other key as well, were it not for the commitment.
  const iv = sealed.subarray(0, 12);
  const cipher = createCipheriv("aes-256-gcm", other.encryption, iv, { authTagLength: 16 });
  cipher.setAAD(associatedData);
  const body = Buffer.concat([cipher.update("forged"), cipher.final(), cipher.getAuthTag()]);
  expect(decrypt(other, Buffer.concat([iv, other.commitment, body]), associatedData)?.toString()).toBe("forged");
  expect(decrypt(other, Buffer.concat([iv, own.commitment, body]), associatedData)).toBeUndefined();
  expect(decrypt(own, Buffer.concat([iv, own.commitment, body]), associatedData)).toBeUndefined();
});

test("E5 the commitment says nothing of the key that encrypts, and is the same for the same secret", () => {
  const secret = randomBytes(32);
  const [one, same] = [deriveKey(secret), deriveKey(new Uint8Array(secret))];
  expect(one.commitment).toEqual(same.commitment);
  expect(one.commitment).not.toEqual(one.encryption.export());
  expect(one.commitment).not.toEqual(secret);
  expect(one.encryption.export()).not.toEqual(secret);
});

test("E4 what is shorter than an empty sealing is not opened", () => {
  const key = deriveKey(randomBytes(32));
  const empty = encrypt(key, Buffer.alloc(0), associatedData);
  expect(empty.length).toBe(overhead);
  expect(decrypt(key, empty, associatedData)).toEqual(Buffer.alloc(0));
  for (let length = 0; length < empty.length; length++) {
    expect(decrypt(key, empty.subarray(0, length), associatedData)).toBeUndefined();
  }
});
