import { randomBytes } from "node:crypto";
import { GrantkeeperError, isGrantkeeperError } from "../errors.ts";
import type { Store, StoredRecord } from "../store/port.ts";
import { decrypt, encrypt } from "../vault/cipher.ts";
import { type DerivedKey, deriveKey } from "../vault/derived-key.ts";
import type { KeyContext } from "../vault/key-provider.ts";
import { lengthPrefixed } from "../vault/length-prefixed.ts";
import type { SealContext, Vault } from "../vault/vault.ts";

/** Who an entry is about and who acted. */
export interface People {
  readonly owner?: string | undefined;
  readonly actor?: string | undefined;
}

/** An owner in the log: under a random name and with a key of their own, so that forgetting them is forgetting both. */
export interface OwnerKey {
  readonly subject: string;
  seal(people: People, place: string): string;
  /** `undefined` where it was sealed under another key, or changed. */
  open(sealed: string, place: string): People | undefined;
}

export interface Owners {
  /** The owner's key, made where there is none; `undefined` once the owner was erased and has not come back. */
  ensure(ownerHash: string, isNewConsent: boolean): Promise<OwnerKey | undefined>;
  find(ownerHash: string): Promise<OwnerKey | undefined>;
  findSubject(subject: string): Promise<OwnerKey | undefined>;
  /** Destroys the key, and leaves a mark that none is made for an act that comes late. */
  forget(ownerHash: string): Promise<OwnerKey | undefined>;
  /** Which key seals each owner's. */
  keys(): AsyncIterable<KeyContext>;
  /** Seals the keys anew under the key that seals now. */
  reseal(): Promise<void>;
}

export interface OwnersOptions {
  readonly records: Store["records"];
  readonly vault: Vault;
}

const ownerFolder = "audit-owner/";
/** Under a subject lies the owner's hash. */
const subjectFolder = "audit-subject/";
const maximumTries = 20;
const pageSize = 100;

export function createOwners({ records, vault }: OwnersOptions): Owners {
  async function open(ownerHash: string, value: Uint8Array | undefined): Promise<OwnerKey | undefined> {
    if (value === undefined || value.byteLength === 0) return undefined;
    const plaintext = await vault.open(value, contextOf(ownerHash));
    const { subject, key } = JSON.parse(Buffer.from(plaintext).toString("utf8")) as Record<"subject" | "key", string>;
    return ownerKey(subject, deriveKey(Buffer.from(key, "base64url")));
  }

  async function change<Result>(attempt: () => Promise<Result | "again">): Promise<Result> {
    for (let count = 0; count < maximumTries; count++) {
      const result = await attempt();
      if (result !== "again") return result;
    }
    throw new GrantkeeperError("store_unavailable", "An owner's record changed too often while it was read.");
  }

  async function* living(): AsyncGenerator<StoredRecord> {
    for (let after: string | undefined; ; ) {
      const page = await records.list({ prefix: ownerFolder, after, limit: pageSize });
      yield* page.records.filter(({ value }) => value.byteLength > 0);
      if (page.next === undefined) return;
      after = page.next;
    }
  }

  const find = async (ownerHash: string): Promise<OwnerKey | undefined> =>
    open(ownerHash, await records.get(ownerFolder + ownerHash));

  return {
    find,
    async findSubject(subject) {
      const ownerHash = await records.get(subjectFolder + subject);
      return ownerHash && find(Buffer.from(ownerHash).toString());
    },
    ensure: (ownerHash, isNewConsent) =>
      change(async () => {
        const name = ownerFolder + ownerHash;
        const value = await records.get(name);
        const forgotten = value?.byteLength === 0;
        if (forgotten && !isNewConsent) return undefined;
        if (value !== undefined && !forgotten) return open(ownerHash, value);
        const made = { subject: randomBytes(16).toString("base64url"), key: randomBytes(32).toString("base64url") };
        const sealed = await vault.seal(Buffer.from(JSON.stringify(made)), contextOf(ownerHash));
        await records.compareAndSet(subjectFolder + made.subject, undefined, Buffer.from(ownerHash));
        return (await records.compareAndSet(name, value, sealed)) ? open(ownerHash, sealed) : "again";
      }),
    forget: (ownerHash) =>
      change(async () => {
        const name = ownerFolder + ownerHash;
        const value = await records.get(name);
        // One that does not open any more is destroyed all the same.
        const known = await open(ownerHash, value).catch((error: unknown) => {
          if (isGrantkeeperError(error) && error.code === "decryption_failed") return undefined;
          throw error;
        });
        if (!(await records.compareAndSet(name, value, new Uint8Array(0)))) return "again";
        if (known !== undefined) {
          await records.compareAndSet(subjectFolder + known.subject, Buffer.from(ownerHash), undefined);
        }
        return known;
      }),
    async *keys() {
      for await (const { value } of living()) yield vault.keyOf(value);
    },
    async reseal() {
      for await (const { name, value } of living()) {
        if (await vault.isCurrent(value)) continue;
        const context = contextOf(name.slice(ownerFolder.length));
        // Losing this race is fine: another has sealed or destroyed it.
        await records.compareAndSet(name, value, await vault.seal(await vault.open(value, context), context));
      }
    },
  };
}

function ownerKey(subject: string, key: DerivedKey): OwnerKey {
  const associated = (place: string): Buffer => lengthPrefixed(["audit", subject, place]);
  return {
    subject,
    seal: (people, place) => encrypt(key, Buffer.from(JSON.stringify(people)), associated(place)).toString("base64url"),
    open(sealed, place) {
      const opened = decrypt(key, Buffer.from(sealed, "base64url"), associated(place));
      return opened && (JSON.parse(opened.toString("utf8")) as People);
    },
  };
}

function contextOf(ownerHash: string): SealContext {
  return { kind: "audit-owner", id: ownerHash, version: 1 };
}
