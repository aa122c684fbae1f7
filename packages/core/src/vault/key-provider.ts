/** Which key-encryption key is wrapped: what it was wrapped with opens it with the same two only. */
export interface KeyContext {
  /** The id of the key that wraps it. */
  readonly keyId: string;
  /** Counts the key-encryption keys under that key, from 1. */
  readonly version: number;
}

/**
 * A key that wraps the store's few key-encryption keys, and never leaves where it is: of the configuration, or of a key
 * management service. Both calls throw `keys_unavailable` while that is away, and `invalid_config` where a person must mend
 * something. What they throw that is no `GrantkeeperError` becomes `keys_unavailable`. No error may hold what was sent.
 */
export interface KeyProvider {
  /** Stands in the clear in what is sealed: 1 to 64 letters, digits, dots, hyphens and underscores. */
  readonly id: string;
  /** Wraps 32 bytes, and leaves them as they are. */
  wrap(key: Uint8Array, context: KeyContext): Promise<Uint8Array>;
  /** Throws `decryption_failed` where this key never wrapped them for this context. */
  unwrap(wrapped: Uint8Array, context: KeyContext): Promise<Uint8Array>;
}
