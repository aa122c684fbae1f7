import { DecryptCommand, EncryptCommand, KMSClient } from "@aws-sdk/client-kms";
import { GrantkeeperError, type KeyContext, type KeyProvider } from "@grantkeeper/core";
import { foreign, toError } from "./errors.ts";

export interface AwsKmsOptions {
  /** How the key is named in what is sealed: 1 to 64 letters, digits, dots, hyphens and underscores. */
  readonly id: string;
  /** A symmetric key: its ARN, its id, or an alias (`alias/…`) that stays with it. */
  readonly keyId: string;
  /** The application's own client. Left out: one with the region and credentials that the SDK finds. */
  readonly client?: Pick<KMSClient, "send">;
  /** Seconds for one call, with its retries. Default 5. */
  readonly timeout?: number;
}

/**
 * A key in AWS KMS, for `createKeeper({ keys })`: it never leaves there. Throws `invalid_config` for options that make no
 * sense; the key itself is first asked for when it is used.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html (checked on 2026-11-25).
 */
export function awsKms({ id, keyId, client = new KMSClient({}), timeout = 5 }: AwsKmsOptions): KeyProvider {
  if (typeof keyId !== "string" || !/^[\w:/-]{1,2048}$/.test(keyId)) {
    throw new GrantkeeperError("invalid_config", "keyId must be the ARN, the id or an alias of a key in AWS KMS.");
  }
  if (!Number.isFinite(timeout) || timeout <= 0 || timeout > 300) {
    throw new GrantkeeperError("invalid_config", "timeout holds seconds, 300 at most.");
  }

  async function ask<Output>(
    send: (limits: { readonly abortSignal: AbortSignal }) => Promise<Output>,
  ): Promise<Output> {
    try {
      return await send({ abortSignal: AbortSignal.timeout(timeout * 1000) });
    } catch (error) {
      throw toError(error, Date.now());
    }
  }

  return {
    id,
    async wrap(key, context) {
      const command = new EncryptCommand({
        KeyId: keyId,
        Plaintext: key,
        EncryptionContext: encryptionContext(context),
      });
      const { CiphertextBlob: wrapped } = await ask((limits) => client.send(command, limits));
      if (wrapped !== undefined && isCiphertext(wrapped)) return wrapped;
      throw toError(undefined, Date.now());
    },
    async unwrap(wrapped, context) {
      // KMS would reject the request, as if a person had something to mend.
      if (!isCiphertext(wrapped)) throw foreign();
      // Named here too: a ciphertext of any other key is refused (API_Decrypt, "KeyId").
      const command = new DecryptCommand({
        KeyId: keyId,
        CiphertextBlob: wrapped,
        EncryptionContext: encryptionContext(context),
      });
      const { Plaintext: key } = await ask((limits) => client.send(command, limits));
      if (key === undefined) throw toError(undefined, Date.now());
      if (key.byteLength === 32) return key;
      throw new GrantkeeperError("decryption_failed", "AWS KMS did not give back a key of 32 bytes.");
    },
  };
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html, "CiphertextBlob" (checked on 2026-11-25). */
function isCiphertext({ byteLength }: Uint8Array): boolean {
  return byteLength >= 1 && byteLength <= 6_144;
}

/** What the ciphertext is bound to. It stands in the clear in CloudTrail, and holds nothing that is secret. */
function encryptionContext({ keyId, version }: KeyContext): Record<string, string> {
  return { grantkeeper: "key-encryption-key", "grantkeeper-key": keyId, "grantkeeper-version": String(version) };
}
