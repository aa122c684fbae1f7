import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { KeyContext } from "@grantkeeper/core";
import type { KeyFlaw } from "./key-provider-flaws.ts";

/** A key with versions, for this package's own tests, with a flaw where one is asked for. */
export interface ReferenceKey {
  readonly wrap: (key: Uint8Array, context: KeyContext) => Uint8Array;
  /** Says why it does not. */
  readonly unwrap: (wrapped: Uint8Array, context: KeyContext) => Uint8Array | "damaged" | "retired";
  readonly rotate: () => void;
  /** Retires the versions before the present one, and returns what brings them back. */
  readonly retire: () => () => void;
}

export function referenceKey(flaw?: KeyFlaw): ReferenceKey {
  const secretOf = () => (flaw === "has one key for all of an id" ? Buffer.alloc(32, 7) : randomBytes(32));
  const versions = [secretOf()];
  let minimum = 1;
  const is = (candidate: KeyFlaw): boolean => candidate === flaw;

  function associatedData({ keyId, version }: KeyContext): Buffer {
    if (is("ignores the context")) return Buffer.alloc(0);
    if (is("ignores the key id")) return Buffer.from(`${version}`);
    if (is("ignores the version")) return Buffer.from(keyId);
    if (is("runs key id and version together")) return Buffer.from(`${keyId}${version}`);
    return Buffer.from(JSON.stringify([is("compares key ids without case") ? keyId.toLowerCase() : keyId, version]));
  }

  function open(wrapped: Uint8Array, context: KeyContext): Uint8Array | "damaged" | "retired" {
    if (is("wraps nothing")) return wrapped;
    const bytes = Buffer.from(wrapped);
    const isFirst = is("knows the first version only") || is("overlooks the first byte");
    const version = isFirst ? 1 : is("knows the last version only") ? versions.length : (bytes[0] ?? 0);
    const secret = versions[version - 1];
    const length = 1 + 12 + 32 + 16;
    const end = is("wraps beside the key") ? length + 32 : length;
    const fits = is("overlooks what follows") ? bytes.length >= end : bytes.length === end;
    if (secret === undefined || !fits) return "damaged";
    if (version < minimum) return "retired";
    try {
      const tag = is("overlooks the last byte") ? 15 : 16;
      const decipher = createDecipheriv("aes-256-gcm", secret, bytes.subarray(1, 13), { authTagLength: tag });
      decipher.setAAD(associatedData(context)).setAuthTag(bytes.subarray(45, 45 + tag));
      return Buffer.concat([decipher.update(bytes.subarray(13, 45)), decipher.final()]);
    } catch {
      return "damaged";
    }
  }

  return {
    wrap(key, context) {
      if (is("wraps nothing")) return Uint8Array.from(key);
      const iv = randomBytes(12);
      const cipher = createCipheriv("aes-256-gcm", versions.at(-1) ?? "", iv, { authTagLength: 16 });
      cipher.setAAD(associatedData(context));
      const sealed = [Buffer.of(versions.length), iv, cipher.update(key), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat(is("wraps beside the key") ? [...sealed, key] : sealed);
    },
    unwrap(wrapped, context) {
      const opened = open(wrapped, context);
      return opened === "damaged" && is("opens what is damaged as zeros") ? new Uint8Array(32) : opened;
    },
    rotate: () => void versions.push(secretOf()),
    retire: () => {
      minimum = versions.length;
      return () => {
        minimum = 1;
      };
    },
  };
}
