import type { Grant } from "../grant/grant.ts";
import type { TokenSet } from "../provider/token-response.ts";
import type { KeyContext } from "../vault/key-provider.ts";

/** What a refresh received and could not yet commit. */
export interface JournalEntry {
  readonly connectionId: string;
  readonly grantId: string;
  /** The refresh's intent, by which it is known whether anybody has sent the refresh token since. */
  readonly attemptId: string;
  readonly tokenSet: string;
  /** Keyed hash of the refresh token that was spent. */
  readonly refreshTokenHash: string;
  readonly received: Readonly<Record<string, TokenSet>>;
  /** As it was when the refresh token was sent. */
  readonly grant: Grant;
}

/** A second place for what a refresh received, for as long as the store cannot take it. */
export interface Journal {
  /** Resolves when the entry would survive a crash. Replaces an earlier one of the same attempt. */
  write(entry: JournalEntry): Promise<void>;
  /** Whether or not it is there. */
  remove(entry: Pick<JournalEntry, "connectionId" | "attemptId">): Promise<void>;
  /** The entries of a connection. Throws `decryption_failed` where one does not open: it may be the grant's only token. */
  find(connectionId: string): Promise<readonly JournalEntry[]>;
  /** The connections that have entries. */
  connectionIds(): Promise<readonly string[]>;
  /** For each entry the key that it needs. */
  sealedBy(): Promise<readonly KeyContext[]>;
}

/** Where no folder is configured. */
export const noJournal: Journal = {
  write: async () => undefined,
  remove: async () => undefined,
  find: async () => [],
  connectionIds: async () => [],
  sealedBy: async () => [],
};
