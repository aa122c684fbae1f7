import { randomBytes } from "node:crypto";
import { GrantkeeperError } from "../errors.ts";
import { decrypt, overhead, prepareEncryption } from "./cipher.ts";
import { type DerivedKey, deriveKey } from "./derived-key.ts";
import { createKeyCache } from "./key-cache.ts";
import { associatedData, bytesOf, type SealContext, start, type Vault } from "./vault.ts";

/** A connection's data key as it lies in its row. */
export interface WrappedKey {
  readonly connectionId: string;
  readonly wrappedKey: Uint8Array;
}

/**
 * Seals grants under a random key for each connection, in the second form of docs/envelope.md. That key lies in the row,
 * wrapped by a key-encryption key: so that keys rotate without a grant being opened.
 */
export interface DataKeys {
  /** Makes a connection's key and wraps it. */
  create(connectionId: string): Promise<Uint8Array>;
  seal(key: WrappedKey, plaintext: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /** All of a sealing that can be done before its plaintext is there. */
  prepareSeal(key: WrappedKey, context: SealContext): Promise<PreparedSeal>;
  /** Throws `decryption_failed` for whatever does not open, with nothing of it in the message. */
  open(key: WrappedKey, sealed: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /** The same key wrapped in the key that seals now; `undefined` where it is so already. */
  rewrap(key: WrappedKey): Promise<Uint8Array | undefined>;
}

/** Seals one plaintext; throws when it is called a second time. */
export type PreparedSeal = (plaintext: Uint8Array) => Uint8Array;

export interface DataKeysOptions {
  readonly vault: Vault;
  /** For how long an unwrapped key is kept in memory. */
  readonly lifetimeMs: number;
  readonly now: () => number;
}

const header = start(2);
const maximumEntries = 10_000;

export function createDataKeys({ vault, lifetimeMs, now }: DataKeysOptions): DataKeys {
  const unwrapped = createKeyCache<DerivedKey>({ lifetimeMs, maximumEntries, now });

  async function unwrap({ connectionId, wrappedKey }: WrappedKey): Promise<DerivedKey> {
    const name = `${connectionId}/${bytesOf(wrappedKey).toString("latin1")}`;
    const known = unwrapped.get(name);
    if (known !== undefined) return known;
    const bytes = await vault.open(wrappedKey, contextOf(connectionId));
    if (bytes.byteLength !== 32) {
      throw new GrantkeeperError("decryption_failed", "A connection's data key has not 32 bytes.");
    }
    const key = deriveKey(bytes);
    unwrapped.set(name, key);
    return key;
  }

  async function prepareSeal(key: WrappedKey, context: SealContext): Promise<PreparedSeal> {
    const encrypted = prepareEncryption(await unwrap(key), associatedData(header, context));
    return (plaintext) => Buffer.concat([header, encrypted(plaintext)]);
  }

  return {
    prepareSeal,
    create: (connectionId) => vault.seal(randomBytes(32), contextOf(connectionId)),
    async seal(key, plaintext, context) {
      const sealed = await prepareSeal(key, context);
      return sealed(plaintext);
    },
    async open(key, sealed, context) {
      const bytes = bytesOf(sealed);
      if (bytes.length < header.length + overhead || !bytes.subarray(0, header.length).equals(header)) {
        throw new GrantkeeperError("decryption_failed", "A grant is not in a sealed format that this version knows.");
      }
      const opened = decrypt(await unwrap(key), bytes.subarray(header.length), associatedData(header, context));
      if (opened !== undefined) return opened;
      throw new GrantkeeperError(
        "decryption_failed",
        "A sealed grant does not open with its connection's key: it was changed, or moved from another row or version.",
      );
    },
    async rewrap({ connectionId, wrappedKey }) {
      if (await vault.isCurrent(wrappedKey)) return undefined;
      const context = contextOf(connectionId);
      return vault.seal(await vault.open(wrappedKey, context), context);
    },
  };
}

function contextOf(connectionId: string): SealContext {
  return { kind: "data-key", id: connectionId, version: 1 };
}
