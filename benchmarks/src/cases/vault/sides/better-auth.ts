import { symmetricDecrypt, symmetricEncrypt } from "better-auth/crypto";
import type { OpenSide } from "../../../runner/side.ts";
import { sealing } from "./sealing.ts";

/** As it encrypts tokens with `encryptOAuthTokens`: https://www.better-auth.com/docs/reference/options#account */
export const open: OpenSide = sealing(async () => {
  const key = "a-secret-of-better-auth-that-is-long-enough-0123456789";
  return {
    seal: (plaintext) => symmetricEncrypt({ key, data: plaintext.toString() }),
    open: (data: string) => symmetricDecrypt({ key, data }),
  };
});
