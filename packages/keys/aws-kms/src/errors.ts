import { GrantkeeperError } from "@grantkeeper/core";

/** What a person must mend in the configuration, or in AWS. */
const toBeMended: Readonly<Record<string, string>> = {
  AccessDeniedException: "AWS KMS refuses these credentials the use of the key.",
  NotFoundException: "AWS KMS has no such key in this region.",
  DisabledException: "The key in AWS KMS is disabled.",
  InvalidKeyUsageException: "The key in AWS KMS is not one that encrypts and decrypts.",
  InvalidArnException: "keyId is no key of AWS KMS.",
  InvalidGrantTokenException: "AWS KMS refuses the grant token of this request.",
  ValidationException: "AWS KMS rejects the request.",
};

/** It is said of a ciphertext of another key, and of another encryption context. */
const foreignNames: ReadonlySet<string> = new Set(["InvalidCiphertextException", "IncorrectKeyException"]);

export function foreign(): GrantkeeperError {
  return new GrantkeeperError("decryption_failed", "AWS KMS does not open this key: it was wrapped by another one.");
}

/**
 * What a failure of the client means. Its message is not shown, and it is no cause, since both may hold what was sent.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html#API_Decrypt_Errors (checked on 2026-11-25).
 */
export function toError(error: unknown, now: number): GrantkeeperError {
  const name = error instanceof Error ? error.name : "";
  if (foreignNames.has(name)) return foreign();
  const mended = Object.hasOwn(toBeMended, name) ? toBeMended[name] : undefined;
  if (mended !== undefined) return new GrantkeeperError("invalid_config", mended);
  // Throttling, a key that is pending, an outage, credentials that have run out: all of it may pass.
  return new GrantkeeperError("keys_unavailable", "AWS KMS could not be used.", { retryAt: new Date(now + 1_000) });
}
