import { randomBytes } from "node:crypto";
import { KMSClient } from "@aws-sdk/client-kms";
import { type GrantkeeperError, isGrantkeeperError } from "@grantkeeper/core";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { toError } from "./errors.ts";
import { type AwsKmsOptions, awsKms } from "./index.ts";
import { startKms } from "./test/kms-server.ts";

const keyId = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const context = { keyId: "kms", version: 1 };

async function errorOf(work: () => unknown): Promise<GrantkeeperError> {
  try {
    await work();
  } catch (error) {
    if (isGrantkeeperError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

async function createProvider(options: Partial<AwsKmsOptions> = {}) {
  const server = await startKms(keyId);
  onTestFinished(server.close);
  const client = new KMSClient({
    ...{ region: "eu-central-1", endpoint: server.endpoint, maxAttempts: 1 },
    credentials: { accessKeyId: "access-key", secretAccessKey: "marked-secret" },
  });
  onTestFinished(() => client.destroy());
  return { server, client, provider: awsKms({ id: "kms", keyId, client, ...options }) };
}

test("E1 both calls name the key, and what it is bound to", async () => {
  const { server, provider } = await createProvider();
  await provider.unwrap(await provider.wrap(randomBytes(32), context), context);
  const bound = { grantkeeper: "key-encryption-key", "grantkeeper-key": "kms", "grantkeeper-version": "1" };
  expect(server.requests.map(({ target, body }) => [target, body.KeyId, body.EncryptionContext])).toEqual([
    ["TrentService.Encrypt", keyId, bound],
    ["TrentService.Decrypt", keyId, bound],
  ]);
});

test.each([0, 6_145])("E9 a ciphertext of %d bytes is none, and is not sent", async (bytes) => {
  const { server, provider } = await createProvider();
  expect(await errorOf(() => provider.unwrap(randomBytes(bytes), context))).toMatchObject({
    code: "decryption_failed",
  });
  expect(server.requests).toEqual([]);
});

describe("a service that cannot be used", () => {
  test.each([
    ["AccessDeniedException", "invalid_config"],
    ["NotFoundException", "invalid_config"],
    ["DisabledException", "invalid_config"],
    ["InvalidKeyUsageException", "invalid_config"],
    ["ValidationException", "invalid_config"],
    ["IncorrectKeyException", "decryption_failed"],
    ["InvalidCiphertextException", "decryption_failed"],
    ["ThrottlingException", "keys_unavailable"],
    ["KMSInvalidStateException", "keys_unavailable"],
    ["KMSInternalException", "keys_unavailable"],
    ["KeyUnavailableException", "keys_unavailable"],
    ["DependencyTimeoutException", "keys_unavailable"],
    ["ExpiredTokenException", "keys_unavailable"],
  ])("E1 R54 %s is %s, and shows nothing of the service's words", async (failure, code) => {
    const { server, provider } = await createProvider();
    server.failure = failure;
    const error = await errorOf(() => provider.unwrap(randomBytes(60), context));
    expect(error.code).toBe(code);
    expect(`${error.message} ${String(error.cause)}`).not.toMatch(/s3cr3t|marked/);
  });

  test("E9 whatever is thrown becomes an error of the keeper's own", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          fc.string().map((name) => Object.assign(new Error("s3cr3t"), { name })),
        ),
        (thrown) => {
          const error = toError(thrown, 0);
          expect(["decryption_failed", "invalid_config", "keys_unavailable"]).toContain(error.code);
          expect(error.message).not.toContain("s3cr3t");
          expect(error.cause).toBeUndefined();
        },
      ),
    );
  });
});

test.each<[string, Partial<AwsKmsOptions>]>([
  ["no key id", { keyId: "" }],
  ["a key id with a space", { keyId: "alias/a b" }],
  ["a timeout of nothing", { timeout: 0 }],
])("%s is refused", async (_, options) => {
  const client = new KMSClient({ region: "eu-central-1" });
  expect(await errorOf(() => awsKms({ id: "kms", keyId, client, ...options }))).toMatchObject({
    code: "invalid_config",
  });
});
