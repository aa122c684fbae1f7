import { createCipheriv, hkdfSync } from "node:crypto";

// docs/envelope.md once more, from the page alone: nothing of the vault is used here.

export interface Bound {
  readonly kind: string;
  readonly id: string;
  readonly version: number;
}

/** The IV is given, so that the same bytes come out each time. */
export interface SealedByHand {
  readonly secret: Buffer;
  readonly iv: Buffer;
  readonly plaintext: Buffer;
}

function parts(...all: readonly (Buffer | string)[]): Buffer {
  let joined = Buffer.alloc(0);
  for (const part of all) {
    const bytes = Buffer.from(part as string);
    const length = Buffer.from([bytes.length >> 24, bytes.length >> 16, bytes.length >> 8, bytes.length]);
    joined = Buffer.concat([joined, length, bytes]);
  }
  return joined;
}

function sealedPart({ secret, iv, plaintext }: SealedByHand, associatedData: Buffer): Buffer {
  const key = Buffer.from(hkdfSync("sha256", secret, "", "grantkeeper 1 encryption", 32));
  const commitment = Buffer.from(hkdfSync("sha256", secret, "", "grantkeeper 1 commitment", 32));
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  cipher.setAAD(associatedData);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([iv, commitment, ciphertext, cipher.getAuthTag()]);
}

export function firstForm(sealed: SealedByHand, keyId: string, keyVersion: number, bound: Bound): Buffer {
  const version = Buffer.from([keyVersion >> 24, keyVersion >> 16, keyVersion >> 8, keyVersion]);
  const header = Buffer.concat([Buffer.from("GK\x01\x01"), Buffer.from([keyId.length]), Buffer.from(keyId), version]);
  return Buffer.concat([header, sealedPart(sealed, parts(header, bound.kind, bound.id, String(bound.version)))]);
}

export function secondForm(sealed: SealedByHand, bound: Bound): Buffer {
  const header = Buffer.from("GK\x01\x02");
  return Buffer.concat([header, sealedPart(sealed, parts(header, bound.kind, bound.id, String(bound.version)))]);
}

/** A key-encryption key under a key of the configuration. */
export function wrapped(sealed: SealedByHand, keyId: string, keyVersion: number): Buffer {
  return sealedPart(sealed, parts("grantkeeper 1 key", keyId, String(keyVersion)));
}
