import { randomBytes } from "node:crypto";
import { KMSClient } from "@aws-sdk/client-kms";
import {
  type ConfiguredKey,
  createKeeper,
  type GrantkeeperError,
  generateKey,
  isGrantkeeperError,
  keyvStore,
} from "@grantkeeper/core";
import { github } from "@grantkeeper/github";
import { consent, startProvider } from "@grantkeeper/testing";
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
  const client = new KMSClient({
    ...{ region: "eu-central-1", endpoint: server.endpoint, maxAttempts: 1 },
    credentials: { accessKeyId: "access-key", secretAccessKey: "marked-secret" },
  });
  onTestFinished(() => client.destroy());
  return { server, client, provider: awsKms({ id: "kms", keyId, client, ...options }) };
}

describe("wrapping", () => {
  test("E1 gives back what was wrapped, and names the key at both ends", async () => {
    const { server, provider } = await createProvider();
    const key = randomBytes(32);
    const wrapped = await provider.wrap(key, context);
    expect(Buffer.from(wrapped).includes(key)).toBe(false);
    expect(Buffer.from(await provider.unwrap(wrapped, context))).toEqual(key);
    expect(server.requests.map(({ target, body }) => [target, body.KeyId])).toEqual([
      ["TrentService.Encrypt", keyId],
      ["TrentService.Decrypt", keyId],
    ]);
    expect(server.requests[0]?.body.EncryptionContext).toEqual({
      grantkeeper: "key-encryption-key",
      "grantkeeper-key": "kms",
      "grantkeeper-version": "1",
    });
  });

  test("E2 what was wrapped opens with the same key, key id and version only", async () => {
    const { provider, client } = await createProvider();
    const wrapped = await provider.wrap(randomBytes(32), context);
    const other = awsKms({ id: "kms", keyId: "alias/other", client });
    for (const open of [
      () => provider.unwrap(wrapped, { keyId: "kms", version: 2 }),
      () => provider.unwrap(wrapped, { keyId: "other", version: 1 }),
      () => provider.unwrap(randomBytes(60), context),
      () => other.unwrap(wrapped, context),
    ]) {
      expect(await errorOf(open)).toMatchObject({ code: "decryption_failed" });
    }
  });

  test("E9 an answer that is no key is an error", async () => {
    const { server, provider } = await createProvider();
    for (const Plaintext of [randomBytes(31).toString("base64"), "", undefined]) {
      server.answer = (response) => void response.end(JSON.stringify({ Plaintext }));
      expect(await errorOf(() => provider.unwrap(randomBytes(60), context))).toMatchObject({
        code: "decryption_failed",
      });
    }
    server.answer = (response) => void response.end("{}");
    expect(await errorOf(() => provider.wrap(randomBytes(32), context))).toMatchObject({ code: "keys_unavailable" });
  });
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

  test("E1 that does not answer, or breaks off, or answers nonsense, is away", async () => {
    const { server, provider } = await createProvider({ timeout: 0.2 });
    const wrap = async (): Promise<string> => (await errorOf(() => provider.wrap(randomBytes(32), context))).code;
    server.answer = () => undefined;
    expect(await wrap()).toBe("keys_unavailable");
    server.answer = (response) => void response.destroy();
    expect(await wrap()).toBe("keys_unavailable");
    server.answer = (response) => void response.end("<html>");
    expect(await wrap()).toBe("keys_unavailable");
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

describe("a keeper", () => {
  async function createWorld() {
    const { server, provider: kms } = await createProvider();
    const emulated = await startProvider(github({ clientId: "id", clientSecret: "secret", scopes: ["repo"] }));
    onTestFinished(() => emulated.close());
    const store = keyvStore();
    const open = (...keys: readonly ConfiguredKey[]) =>
      createKeeper({
        connectors: { main: emulated.connector },
        store: { ...store, close: async () => undefined },
        callbackUrl: "https://app.example.com/connect",
        ...{ keys, cacheKeysFor: 0, cacheFor: 0 },
      });
    return { server, kms, open };
  }

  async function connect(keeper: ReturnType<Awaited<ReturnType<typeof createWorld>>["open"]>) {
    const { url, headers } = await keeper.start("main", { owner: "ada" });
    const cookie = headers.get("set-cookie")?.split(";")[0] ?? "";
    return (await keeper.finish(new Request(await consent(url), { headers: { cookie } }), { owner: "ada" })).connection;
  }

  test("E1 works on it, says keys_unavailable while it is away, and goes on when it is back", async () => {
    const { server, kms, open } = await createWorld();
    const keeper = open(kms);
    const connection = await connect(keeper);
    server.failure = "KMSInternalException";
    const { code, remedy } = await errorOf(() => connection.token());
    expect([code, remedy]).toEqual(["keys_unavailable", "retry"]);
    server.failure = undefined;
    expect((await connection.token()).accessToken).toBeTypeOf("string");
    await keeper.close();
  });

  test("E7 rotates from a configured key to it, after which the old key can go", async () => {
    const { kms, open } = await createWorld();
    const configured = { id: "configured", secret: generateKey() };
    const before = open(configured);
    const { id } = await connect(before);
    const promoted = open(kms, configured);
    expect(await promoted.rotateKeys()).toEqual({ seen: 1, changed: 1, failed: 0 });
    expect((await promoted.keyUsage()).map((use) => use.keyId)).toEqual(["kms"]);
    const alone = open(kms);
    expect((await alone.connection("main", { id }).status()).state).toBe("active");
    for (const keeper of [before, promoted, alone]) await keeper.close();
  });
});
