import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { GrantkeeperError } from "../errors.ts";

/** A key from the application's configuration. `secret` is base64url of exactly 32 random bytes, or these bytes. */
export interface KeyConfig {
  /** Stands in the clear in each sealed value: 1 to 64 letters, digits, dots, hyphens and underscores. */
  readonly id: string;
  readonly secret: string | Uint8Array;
}

/** The keys by id, and which of them seals. All of them open. */
export interface Keyring {
  readonly sealing: string;
  readonly keys: ReadonlyMap<string, KeyObject>;
}

/** Makes a key for `createKeeper({ keys })`: base64url of 32 random bytes. */
export function generateKey(): string {
  return randomBytes(32).toString("base64url");
}

const howToMakeOne = "Make one with generateKey(), or with: openssl rand -base64 32 | tr '+/' '-_' | tr -d '='";

/** Reads the keys of the configuration; the first one seals. Refuses none, and weak ones, with `invalid_config`. */
export function createKeyring(configs: readonly KeyConfig[] | undefined): Keyring {
  const [first] = configs ?? [];
  if (configs === undefined || first === undefined) {
    throw new GrantkeeperError("invalid_config", `keys is empty: grants are never stored unencrypted. ${howToMakeOne}`);
  }
  const keys = new Map<string, KeyObject>();
  for (const { id, secret } of configs) {
    if (typeof id !== "string" || !/^[\w.-]{1,64}$/.test(id)) {
      throw new GrantkeeperError("invalid_config", "Each key needs an id of 1 to 64 letters, digits, dots, - and _.");
    }
    if (/^[\w-]{43}$/.test(id)) {
      throw new GrantkeeperError("invalid_config", "The id of a key looks like a secret: were id and secret swapped?");
    }
    if (keys.has(id)) throw new GrantkeeperError("invalid_config", `Two keys have the id "${id}".`);
    keys.set(id, createSecretKey(keyBytes(id, secret)));
  }
  return { sealing: first.id, keys };
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
