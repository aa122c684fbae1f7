import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import type { OpenSide } from "../../../runner/side.ts";
import { sealing } from "./sealing.ts";

/** The least that AES-256-GCM takes: https://nodejs.org/api/crypto.html#ccm-mode and what follows it, with a KeyObject. */
export const open: OpenSide = sealing(async () => {
  const key = createSecretKey(randomBytes(32));
  const associatedData = Buffer.from("con_1/gnt_1/1");
  const options = { authTagLength: 16 };
  return {
    seal(plaintext) {
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", key, iv, options);
      cipher.setAAD(associatedData);
      const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      return { iv, ciphertext, tag: cipher.getAuthTag() };
    },
    open({ iv, ciphertext, tag }) {
      const decipher = createDecipheriv("aes-256-gcm", key, iv, options);
      decipher.setAAD(associatedData);
      decipher.setAuthTag(tag);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
    },
  };
});
