import { KMSClient } from "@aws-sdk/client-kms";
import { type KeyClientOptions, keyProviderContract } from "@grantkeeper/testing";
import { test } from "vitest";
import { awsKms } from "./index.ts";
import { startKms } from "./test/kms-server.ts";

const keyId = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

keyProviderContract(
  test,
  async () => {
    const server = await startKms(keyId);
    const clients: KMSClient[] = [];
    const providerOf =
      (key: string) =>
      ({ address, timeout }: KeyClientOptions) => {
        const client = new KMSClient({
          ...{ region: "eu-central-1", endpoint: address, maxAttempts: 1 },
          credentials: { accessKeyId: "access-key", secretAccessKey: "secret" },
        });
        clients.push(client);
        return awsKms({ id: "kms", keyId: key, client, timeout });
      };
    return {
      client: providerOf(keyId),
      stranger: providerOf("alias/other"),
      service: {
        address: server.endpoint,
        wrappedBody: (wrapped) => JSON.stringify({ CiphertextBlob: base64(wrapped), KeyId: keyId }),
        unwrappedBody: (key) => JSON.stringify({ Plaintext: base64(key), KeyId: keyId }),
        failureBody: (message) => JSON.stringify({ __type: "KMSInternalException", message }),
        rotate: server.rotate,
        disable: () => {
          server.failure = "DisabledException";
          return () => {
            server.failure = undefined;
          };
        },
      },
      dispose: async () => {
        for (const client of clients) client.destroy();
        server.close();
      },
    };
  },
  { service: true },
);
