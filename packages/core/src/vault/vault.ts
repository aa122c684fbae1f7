import { GrantkeeperError } from "../errors.ts";
import { decrypt, encrypt, overhead } from "./cipher.ts";
import type { KeyContext } from "./key-provider.ts";
import type { KeySet } from "./key-set.ts";
import { lengthPrefixed } from "./length-prefixed.ts";

/** What a sealed value is bound to: it opens only with the same three. */
export interface SealContext {
  readonly kind: "grant" | "data-key" | "flow" | "journal" | "setting" | "revocation" | "audit-owner";
  readonly id: string;
  readonly version: number;
}

/** Seals and opens values under the store's key-encryption keys, in the first of the two forms of docs/envelope.md. */
export interface Vault {
  seal(plaintext: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /**
   * Throws `decryption_failed` for whatever does not open, with nothing of it in the message, and `keys_unavailable` where
   * its key cannot be had now.
   */
  open(sealed: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /** Which key has sealed a value. */
  keyOf(sealed: Uint8Array): KeyContext;
  /** Whether that is the one that seals now, or one that another process has put in its place. */
  isCurrent(sealed: Uint8Array): Promise<boolean>;
}

/** `GK`, the format, and the form: 1 names its key-encryption key, 2 is under the data key of its row. */
export const start: (form: 1 | 2) => Buffer = (form) => Buffer.from([0x47, 0x4b, 1, form]);

export function createVault(keySet: KeySet): Vault {
  function keyOf(sealed: Uint8Array): KeyContext {
    return readHeader(bytesOf(sealed)).key;
  }

  return {
    keyOf,
    async seal(plaintext, context) {
      const key = await keySet.sealing();
      const header = writeHeader(key);
      return Buffer.concat([header, encrypt(key.derived, plaintext, associatedData(header, context))]);
    },
    async open(sealed, context) {
      const bytes = bytesOf(sealed);
      const { header, key } = readHeader(bytes);
      const { derived } = await keySet.find(key);
      const opened = decrypt(derived, bytes.subarray(header.length), associatedData(header, context));
      if (opened !== undefined) return opened;
      throw new GrantkeeperError(
        "decryption_failed",
        `A sealed ${context.kind} does not open with key "${key.keyId}": it was changed, moved, or sealed under another key of this id.`,
      );
    },
    async isCurrent(sealed) {
      const { keyId, version } = keyOf(sealed);
      const current = await keySet.sealing();
      // A later version was made by a process that renewed the key, of which this one has not heard yet.
      return keyId === current.keyId && version >= current.version;
    },
  };
}

/** What a sealed value is authenticated with, beside itself: its own first bytes, and what it is bound to. */
export function associatedData(header: Buffer, { kind, id, version }: SealContext): Buffer {
  return lengthPrefixed([header, kind, id, String(version)]);
}

/** The same bytes, not a copy. */
export function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function writeHeader({ keyId, version }: KeyContext): Buffer {
  const id = Buffer.from(keyId);
  const number = Buffer.alloc(4);
  number.writeUInt32BE(version);
  return Buffer.concat([start(1), Buffer.from([id.length]), id, number]);
}

function readHeader(bytes: Buffer): { readonly header: Buffer; readonly key: KeyContext } {
  const idLength = bytes[4] ?? 0;
  const length = 5 + idLength + 4;
  const complete = bytes.length >= length + overhead;
  if (!complete || !bytes.subarray(0, 4).equals(start(1)) || idLength === 0 || idLength > 64) {
    throw new GrantkeeperError(
      "decryption_failed",
      "A stored value is not in a sealed format that this version knows.",
    );
  }
  const keyId = bytes.subarray(5, 5 + idLength).toString("latin1");
  // The id goes into messages: of a damaged one nothing is shown.
  if (!/^[\w.-]+$/.test(keyId)) {
    throw new GrantkeeperError("decryption_failed", "A sealed value names no readable key id.");
  }
  return { header: bytes.subarray(0, length), key: { keyId, version: bytes.readUInt32BE(5 + idLength) } };
}
