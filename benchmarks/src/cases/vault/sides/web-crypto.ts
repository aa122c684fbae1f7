import type { OpenSide } from "../../../runner/side.ts";
import { sealing } from "./sealing.ts";

/** https://developer.mozilla.org/docs/Web/API/SubtleCrypto/encrypt#aes-gcm, with the key imported once. */
export const open: OpenSide = sealing(async () => {
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const additionalData = Buffer.from("con_1/gnt_1/1");
  return {
    async seal(plaintext) {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      // A copy that TypeScript knows not to be shared memory.
      const bytes = new Uint8Array(plaintext);
      return { iv, ciphertext: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, bytes) };
    },
    open: ({ iv, ciphertext }) => crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, key, ciphertext),
  };
});
