import { createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import { GrantkeeperError } from "../errors.ts";
import { decrypt, encrypt, ivLength, tagLength } from "./cipher.ts";
import { lengthPrefixed } from "./length-prefixed.ts";
import type { SealContext, Vault } from "./vault.ts";

/** A connection's data key as it lies in its row. */
export interface WrappedKey {
  readonly connectionId: string;
  readonly wrappedKey: Uint8Array;
}

/**
 * Seals grants under a random key for each connection, which lies in the row wrapped by a key of the configuration: so
 * that keys rotate without a grant being opened. Format 2: `GK`, format, IV (12), ciphertext, tag (16).
 */
export interface DataKeys {
  /** Makes a connection's key and wraps it. */
  create(connectionId: string): Promise<Uint8Array>;
  seal(key: WrappedKey, plaintext: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /** Throws `decryption_failed` for whatever does not open, with nothing of it in the message. */
  open(key: WrappedKey, sealed: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /** The same key wrapped in the first key of the configuration; `undefined` where it is so already. */
  rewrap(key: WrappedKey): Promise<Uint8Array | undefined>;
}

const header = Buffer.from([0x47, 0x4b, 2]);
/** Unwrapped keys held in memory, oldest out first. */
const maximumEntries = 10_000;

export function createDataKeys(vault: Vault): DataKeys {
  const unwrapped = new Map<string, KeyObject>();

  async function unwrap({ connectionId, wrappedKey }: WrappedKey): Promise<KeyObject> {
    const name = `${connectionId}/${Buffer.from(wrappedKey).toString("base64url")}`;
    const known = unwrapped.get(name);
    if (known !== undefined) return known;
    const bytes = await vault.open(wrappedKey, contextOf(connectionId));
    if (bytes.byteLength !== 32) {
      throw new GrantkeeperError("decryption_failed", "A connection's data key has not 32 bytes.");
    }
    const key = createSecretKey(bytes);
    unwrapped.set(name, key);
    const [oldest] = unwrapped.keys();
    if (unwrapped.size > maximumEntries && oldest !== undefined) unwrapped.delete(oldest);
    return key;
  }

  return {
    create: (connectionId) => vault.seal(randomBytes(32), contextOf(connectionId)),
    async seal(key, plaintext, context) {
      return Buffer.concat([header, encrypt(await unwrap(key), plaintext, associatedData(context))]);
    },
    async open(key, sealed, context) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      const readable = bytes.subarray(0, header.length).equals(header);
      if (!readable || bytes.length < header.length + ivLength + tagLength) {
        throw new GrantkeeperError("decryption_failed", "A grant is not in a sealed format that this version knows.");
      }
      const opened = decrypt(await unwrap(key), bytes.subarray(header.length), associatedData(context));
      if (opened !== undefined) return opened;
      throw new GrantkeeperError(
        "decryption_failed",
        "A sealed grant does not open with its connection's key: it was changed, or moved from another row or version.",
      );
    },
    async rewrap({ connectionId, wrappedKey }) {
      if (vault.keyOf(wrappedKey).current) return undefined;
      const context = contextOf(connectionId);
      return vault.seal(await vault.open(wrappedKey, context), context);
    },
  };
}

function contextOf(connectionId: string): SealContext {
  return { kind: "data-key", id: connectionId, version: 1 };
}

function associatedData({ kind, id, version }: SealContext): Buffer {
  return lengthPrefixed([header, kind, id, String(version)]);
}
