import { randomBytes } from "node:crypto";
import { GrantkeeperError } from "../errors.ts";
import { decrypt, encrypt } from "./cipher.ts";
import { deriveKey } from "./derived-key.ts";
import type { KeyContext, KeyProvider } from "./key-provider.ts";
import { lengthPrefixed } from "./length-prefixed.ts";

/** A key from the application's configuration. `secret` is base64url of exactly 32 random bytes, or these bytes. */
export interface KeyConfig {
  /** Stands in the clear in what is sealed: 1 to 64 letters, digits, dots, hyphens and underscores. */
  readonly id: string;
  readonly secret: string | Uint8Array;
}

/** Makes a key for `createKeeper({ keys })`: base64url of 32 random bytes. */
export function generateKey(): string {
  return randomBytes(32).toString("base64url");
}

const howToMakeOne = "Make one with generateKey(), or with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='";

/** One key of the configuration: its own bytes, or where it is kept. */
export type ConfiguredKey = KeyConfig | KeyProvider;

/** Reads the keys of the configuration; the first one wraps what is new. Refuses none, and weak ones, with `invalid_config`. */
export function createKeyProviders(keys: readonly ConfiguredKey[] | undefined): [KeyProvider, ...KeyProvider[]] {
  const [first, ...others] = (keys ?? []).map(readKey);
  if (first === undefined) {
    throw new GrantkeeperError("invalid_config", `keys is empty: grants are never stored unencrypted. ${howToMakeOne}`);
  }
  const ids = new Set<string>();
  for (const { id } of [first, ...others]) {
    if (ids.has(id)) throw new GrantkeeperError("invalid_config", `Two keys have the id "${id}".`);
    ids.add(id);
  }
  return [first, ...others];
}

function readKey(key: ConfiguredKey): KeyProvider {
  const { id } = key;
  if (typeof id !== "string" || !/^[\w.-]{1,64}$/.test(id)) {
    throw new GrantkeeperError("invalid_config", "Each key needs an id of 1 to 64 letters, digits, dots, - and _.");
  }
  if (/^[\w-]{43}$/.test(id)) {
    throw new GrantkeeperError("invalid_config", "The id of a key looks like a secret: were id and secret swapped?");
  }
  return "secret" in key ? ownKey(id, key.secret) : key;
}

function ownKey(id: string, secret: string | Uint8Array): KeyProvider {
  const key = deriveKey(keyBytes(id, secret));
  return {
    id,
    wrap: async (bytes, context) => encrypt(key, bytes, associatedData(context)),
    async unwrap(wrapped, context) {
      const bytes = decrypt(key, Buffer.from(wrapped), associatedData(context));
      if (bytes !== undefined) return bytes;
      throw new GrantkeeperError(
        "decryption_failed",
        `Key "${id}" does not open what it is said to have wrapped: it was changed, or the key is another one of this id.`,
      );
    },
  };
}

function associatedData({ keyId, version }: KeyContext): Buffer {
  return lengthPrefixed(["grantkeeper 1 key", keyId, String(version)]);
}

function keyBytes(id: string, secret: string | Uint8Array): Uint8Array {
  const bytes =
    typeof secret === "string"
      ? /^[A-Za-z0-9_-]{43}$/.test(secret)
        ? Buffer.from(secret, "base64url")
        : undefined
      : secret instanceof Uint8Array
        ? secret
        : undefined;
  if (bytes?.byteLength !== 32) {
    throw new GrantkeeperError("invalid_config", `Key "${id}" is not base64url of 32 bytes. ${howToMakeOne}`);
  }
  // 32 random bytes hold fewer than 16 different values about once in 10^15 keys.
  if (new Set(bytes).size < 16) {
    throw new GrantkeeperError("invalid_config", `Key "${id}" is not random. ${howToMakeOne}`);
  }
  return bytes;
}
