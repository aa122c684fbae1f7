import { GrantkeeperError } from "../errors.ts";
import { decrypt, encrypt, ivLength, tagLength } from "./cipher.ts";
import type { Keyring } from "./keyring.ts";
import { lengthPrefixed } from "./length-prefixed.ts";

/** What a sealed value is bound to: it opens only with the same three. */
export interface SealContext {
  readonly kind: "grant" | "data-key" | "flow" | "journal" | "setting";
  readonly id: string;
  readonly version: number;
}

/** Seals and opens values under the keys of the configuration. Format 1: `GK`, format, length of key id, key id, IV (12), ciphertext, tag (16). */
export interface Vault {
  seal(plaintext: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /** Throws `decryption_failed` for whatever does not open, with nothing of it in the message. */
  open(sealed: Uint8Array, context: SealContext): Promise<Uint8Array>;
  /** The id of the key that sealed a value, and whether it is the one that seals now. */
  keyOf(sealed: Uint8Array): { readonly id: string; readonly current: boolean };
}

const magic = Buffer.from("GK");
const format = 1;

export function createVault(keyring: Keyring): Vault {
  async function seal(plaintext: Uint8Array, context: SealContext): Promise<Uint8Array> {
    const id = Buffer.from(keyring.sealing);
    const header = Buffer.concat([magic, Buffer.from([format, id.length]), id]);
    const key = keyring.keys.get(keyring.sealing);
    if (key === undefined) throw new GrantkeeperError("invalid_config", "The sealing key is missing.");
    return Buffer.concat([header, encrypt(key, plaintext, associatedData(header, context))]);
  }

  async function open(sealed: Uint8Array, context: SealContext): Promise<Uint8Array> {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const { header, id } = readHeader(bytes);
    const key = keyring.keys.get(id);
    if (key === undefined) {
      throw new GrantkeeperError(
        "decryption_failed",
        `No configured key has the id "${id}" that sealed this ${context.kind}.`,
      );
    }
    const opened = decrypt(key, bytes.subarray(header.length), associatedData(header, context));
    if (opened !== undefined) return opened;
    throw new GrantkeeperError(
      "decryption_failed",
      `A sealed ${context.kind} does not open with key "${id}": it was changed, moved, or sealed under another key of this id.`,
    );
  }

  return {
    seal,
    open,
    keyOf: (sealed) => {
      const { id } = readHeader(Buffer.from(sealed));
      return { id, current: id === keyring.sealing };
    },
  };
}

function readHeader(bytes: Buffer): { readonly header: Buffer; readonly id: string } {
  const idLength = bytes[3] ?? 0;
  const headerLength = 4 + idLength;
  const complete = bytes.length >= headerLength + ivLength + tagLength;
  if (!complete || !bytes.subarray(0, 2).equals(magic) || bytes[2] !== format || idLength === 0 || idLength > 64) {
    throw new GrantkeeperError(
      "decryption_failed",
      "A stored value is not in a sealed format that this version knows.",
    );
  }
  const id = bytes.subarray(4, headerLength).toString("latin1");
  // The id goes into messages: of a damaged one nothing is shown.
  if (!/^[\w.-]+$/.test(id))
    throw new GrantkeeperError("decryption_failed", "A sealed value names no readable key id.");
  return { header: bytes.subarray(0, headerLength), id };
}

function associatedData(header: Buffer, { kind, id, version }: SealContext): Buffer {
  return lengthPrefixed([header, kind, id, String(version)]);
}
