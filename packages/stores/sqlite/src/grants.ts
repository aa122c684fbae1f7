import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type {
  CommitCondition,
  GrantCommit,
  GrantPayload,
  GrantRow,
  LeaseOutcome,
  LeaseRequest,
  NewGrantRow,
  OpenIntent,
  RewrapRequest,
  Store,
} from "@grantkeeper/core/store";
import {
  type Columns,
  decodeRow,
  integer,
  intentsOf,
  rowColumns,
  text,
  textColumns,
  wholeMilliseconds,
} from "./rows.ts";
import { transact } from "./transact.ts";

type Settled<Method extends keyof Store> = Store[Method] extends (...given: never) => Promise<infer Result>
  ? Result
  : never;

/** The rows of grants; each change is one transaction. */
export interface Grants {
  get(connectionId: string): GrantRow | undefined;
  insert(row: NewGrantRow): Settled<"insert">;
  lease(request: LeaseRequest): LeaseOutcome;
  release(request: Parameters<Store["release"]>[0]): void;
  commit(commit: GrantCommit): Settled<"commit">;
  delete(condition: CommitCondition): Settled<"delete">;
  rewrap(request: RewrapRequest): Settled<"rewrap">;
}

/** `now` is asked inside a transaction, so that a wait for the lock makes no time old. */
export function createGrants(database: DatabaseSync, now: () => number, flush: () => void): Grants {
  const asText = textColumns(database);
  const select = database.prepare(`SELECT ${rowColumns(database)} FROM grants WHERE connection_id = ?`);
  /** What a commit is compared with: a sealed grant that is replaced needs no reading. */
  const selectReplaced = database.prepare(`
    SELECT sequence, version, fence, state, token_hashes, intents,
      ${["grant_id", "identity_hash", "account_hash"].map(asText).join(", ")}
    FROM grants WHERE connection_id = ?`);
  const selectConnection = database.prepare("SELECT 1 FROM grants WHERE connection_id = ?");
  const selectIdentity = database.prepare(`SELECT ${asText("connection_id")} FROM grants WHERE identity_hash = ?`);
  const insertRow = database.prepare(`
    INSERT INTO grants (
      connection_id, connector, owner_hash, wrapped_key, grant_id, version, sealed, state, due_at, identity_hash,
      account_hash, token_hashes, fence, lease_holder, lease_until, intents, created_at, updated_at
    ) VALUES (
      :connectionId, :connector, :ownerHash, :wrappedKey, :grantId, :version, :sealed, :state, :dueAt, :identityHash,
      :accountHash, :tokenHashes, 0, NULL, NULL, '[]', :at, :at
    )`);
  const updateLease = database.prepare(`
    UPDATE grants SET fence = :fence, lease_holder = :holder, lease_until = :until, intents = :intents
    WHERE connection_id = :connectionId`);
  const changesOfCommit = `
    grant_id = :grantId, version = :version, sealed = :sealed, due_at = :dueAt, token_hashes = :tokenHashes,
    lease_holder = NULL, lease_until = NULL, intents = :intents, updated_at = :at`;
  // SQLite rewrites the index of each column that is named, changed or not: a refresh changes none of the three.
  const updateTokens = database.prepare(`UPDATE grants SET ${changesOfCommit} WHERE sequence = :sequence`);
  const updatePayload = database.prepare(`
    UPDATE grants SET ${changesOfCommit}, state = :state, identity_hash = :identityHash, account_hash = :accountHash
    WHERE sequence = :sequence`);
  const deleteRow = database.prepare(
    "DELETE FROM grants WHERE connection_id = ? AND grant_id = ? AND version = ? AND fence = ?",
  );
  const updateWrappedKey = database.prepare(
    "UPDATE grants SET wrapped_key = ? WHERE connection_id = ? AND grant_id = ? AND wrapped_key = ?",
  );
  const insertToken = database.prepare("INSERT OR IGNORE INTO grant_tokens (token_hash, sequence) VALUES (?, ?)");
  const replaceTokens = database.prepare("UPDATE OR REPLACE grant_tokens SET token_hash = ? WHERE sequence = ?");
  const deleteTokens = database.prepare("DELETE FROM grant_tokens WHERE sequence = ?");

  function get(connectionId: string): GrantRow | undefined {
    const columns = select.get(connectionId);
    return columns && decodeRow(columns, now());
  }

  function lease(request: LeaseRequest): LeaseOutcome {
    const { connectionId, holder, durationMs, intent } = request;
    const columns = select.get(connectionId);
    if (columns === undefined) return { kind: "absent" };
    const row = decodeRow(columns, now());
    const at = row.readAt;
    const remainingMs = (row.lease?.until ?? at) - at;
    if (remainingMs > 0 && row.lease?.holder !== holder) return { kind: "held", remainingMs };
    if (!holds(columns, request)) return { kind: "moved", row };
    const fence = row.fence + 1;
    const intents =
      intent === undefined ? row.intents : [...without(row.intents, [intent.tokenSet]), { ...intent, at }];
    const until = Math.ceil(at + durationMs);
    updateLease.run({ connectionId, fence, holder, until, intents: JSON.stringify(intents) });
    return { kind: "leased", lease: { connectionId, holder, fence }, row: { ...row, fence } };
  }

  function setTokens(sequence: number, tokenHashes: readonly string[]): void {
    const [only, ...others] = tokenHashes;
    // Of one in place of one, which most are, in one statement.
    if (only !== undefined && others.length === 0 && replaceTokens.run(only, sequence).changes !== 0) return;
    deleteTokens.run(sequence);
    for (const tokenHash of tokenHashes) insertToken.run(tokenHash, sequence);
  }

  return {
    get,

    insert: (row) =>
      transact(database, () => {
        const { connectionId, connector, ownerHash, wrappedKey } = row;
        if (selectConnection.get(connectionId) !== undefined) return { inserted: false, connectionId };
        const taken = selectIdentity.get(row.identityHash);
        if (taken !== undefined) return { inserted: false, connectionId: text(taken, "connection_id") };
        const { lastInsertRowid } = insertRow.run({
          ...{ connectionId, connector, ownerHash, wrappedKey, at: now() },
          ...columnsOf(row),
        });
        for (const tokenHash of row.tokenHashes) insertToken.run(tokenHash, lastInsertRowid);
        return { inserted: true };
      }),

    lease(request) {
      // On the disk while the request that it is for is under way: a power cut ends every holder, so that what it may take
      // of this is the trace that the request was sent.
      const outcome = transact(database, () => lease(request), "once flushed");
      if (outcome.kind === "leased") flush();
      return outcome;
    },

    release: ({ lease: { connectionId, holder, fence }, clearIntents }) =>
      transact(database, () => {
        const row = get(connectionId);
        if (row === undefined || row.fence !== fence || row.lease?.holder !== holder) return;
        const intents = JSON.stringify(without(row.intents, clearIntents));
        updateLease.run({ connectionId, fence, holder: null, until: null, intents });
      }),

    commit: ({ expected, payload, clearIntents }) =>
      transact(database, () => {
        const replaced = selectReplaced.get(expected.connectionId);
        if (replaced === undefined || !holds(replaced, expected)) return "superseded";
        const { state, identityHash, accountHash, ...tokens } = columnsOf(payload);
        const isIdentified = identityHash === text(replaced, "identity_hash");
        if (!isIdentified && selectIdentity.get(identityHash) !== undefined) return "identity_taken";
        const sequence = integer(replaced, "sequence");
        const intents = JSON.stringify(without(intentsOf(replaced), clearIntents));
        const changes = { ...tokens, sequence, intents, at: now() };
        if (isIdentified && state === replaced["state"] && accountHash === text(replaced, "account_hash")) {
          updateTokens.run(changes);
        } else {
          updatePayload.run({ ...changes, state, identityHash, accountHash });
        }
        if (tokens.tokenHashes !== replaced["token_hashes"]) setTokens(sequence, payload.tokenHashes);
        return "committed";
      }),

    delete: ({ connectionId, grantId, version, fence }) =>
      transact(database, () =>
        deleteRow.run(connectionId, grantId, version, fence).changes === 0 ? "superseded" : "deleted",
      ),

    rewrap: ({ connectionId, grantId, expected, wrappedKey }) =>
      transact(database, () =>
        updateWrappedKey.run(wrappedKey, connectionId, grantId, expected).changes === 0 ? "moved" : "rewrapped",
      ),
  };
}

type PayloadColumns = Record<Exclude<keyof GrantPayload, "identityHash">, SQLInputValue> & {
  readonly identityHash: string;
};

/** A payload as named parameters. */
function columnsOf(payload: GrantPayload): PayloadColumns {
  const { grantId, version, sealed, state, dueAt, identityHash, accountHash, tokenHashes } = payload;
  return {
    ...{ grantId, version, sealed, state, identityHash, accountHash },
    dueAt: dueAt === undefined ? null : wholeMilliseconds(dueAt),
    tokenHashes: JSON.stringify(tokenHashes),
  };
}

function holds(columns: Columns, { grantId, version, fence }: CommitCondition): boolean {
  return text(columns, "grant_id") === grantId && columns["version"] === version && columns["fence"] === fence;
}

function without(intents: readonly OpenIntent[], tokenSets: readonly string[]): readonly OpenIntent[] {
  return intents.filter(({ tokenSet }) => !tokenSets.includes(tokenSet));
}
