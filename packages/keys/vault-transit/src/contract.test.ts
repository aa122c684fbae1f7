import { type KeyClientOptions, keyProviderContract } from "@grantkeeper/testing";
import { test } from "vitest";
import { vaultTransit } from "./index.ts";
import { startTransit } from "./test/transit-server.ts";

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

keyProviderContract(
  test,
  async () => {
    const server = await startTransit();
    // It has versions that the first one does not know.
    const other = await startTransit({ versions: 3 });
    const providerAt = ({ address, timeout }: KeyClientOptions) =>
      vaultTransit({ id: "vault", address, key: "grants", token: "token", timeout });
    return {
      client: providerAt,
      stranger: ({ timeout }) => providerAt({ address: other.address, timeout }),
      service: {
        address: server.address,
        wrappedBody: (wrapped) => JSON.stringify({ data: { ciphertext: textOf(wrapped) } }),
        unwrappedBody: (key) => JSON.stringify({ data: { plaintext: base64(key) } }),
        failureBody: (words) => JSON.stringify({ errors: [words] }),
        rotate: server.rotate,
        disable: () => {
          server.tokens.clear();
          return () => void server.tokens.add("token");
        },
        retire: () => {
          server.minimumDecryptionVersion = 2;
          return () => {
            server.minimumDecryptionVersion = 1;
          };
        },
      },
      dispose: async () => {
        server.close();
        other.close();
      },
    };
  },
  { service: true, retirement: true },
);

/** Wrapped bytes are the engine's text already; what is none is put into its form. */
function textOf(wrapped: Uint8Array): string {
  const text = Buffer.from(wrapped).toString();
  return text.startsWith("vault:") || text === "" ? text : `vault:v1:${base64(wrapped)}`;
}
