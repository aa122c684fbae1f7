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
import { integer, list, prepareQuery, text, textColumns } from "./query.ts";
import { decodeRow, intentsOf, prepareRows, sequenceOf, wholeMilliseconds } from "./rows.ts";
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
  const select = prepareRows(database, "FROM grants WHERE connection_id = ?");
  /** What a commit is compared with: a sealed grant that is replaced needs no reading. */
  const selectReplaced = prepareQuery(
    database,
    `SELECT sequence, version, fence, state, token_hashes, intents,
      ${["grant_id", "identity_hash", "account_hash"].map(asText).join(", ")}
    FROM grants WHERE connection_id = ?`,
  );
  const selectConnection = prepareQuery(database, "SELECT 1 FROM grants WHERE connection_id = ?");
  const selectIdentity = prepareQuery(
    database,
    `SELECT ${asText("connection_id")} FROM grants WHERE identity_hash = ?`,
  );
  const insertRow = database.prepare(`
    INSERT INTO grants (
      connection_id, connector, owner_hash, wrapped_key, grant_id, version, sealed, state, due_at, identity_hash,
      account_hash, token_hashes, fence, lease_holder, lease_until, intents, created_at, updated_at
    ) VALUES (
      :connectionId, :connector, :ownerHash, :wrappedKey, :grantId, :version, :sealed, :state, :dueAt, :identityHash,
      :accountHash, :tokenHashes, 0, NULL, NULL, '[]', :at, :at
    )`);
  // What a refresh runs has its parameters by their place: after a pause a name for each costs as much as the statement.
  const updateLease = database.prepare(
    "UPDATE grants SET fence = ?, lease_holder = ?, lease_until = ?, intents = ? WHERE sequence = ?",
  );
  const endLease = database.prepare(
    `UPDATE grants SET lease_holder = NULL, lease_until = NULL, intents = coalesce(?, intents)
    WHERE connection_id = ? AND lease_holder = ? AND fence = ?`,
  );
  const changesOfCommit = `
    grant_id = ?, version = ?, sealed = ?, due_at = ?, token_hashes = ?, intents = ?, updated_at = ?,
    lease_holder = NULL, lease_until = NULL WHERE sequence = ?`;
  // SQLite rewrites the index of each column that is named, changed or not: a refresh changes none of the three.
  const updateTokens = database.prepare(`UPDATE grants SET ${changesOfCommit}`);
  const updatePayload = database.prepare(
    `UPDATE grants SET state = ?, identity_hash = ?, account_hash = ?, ${changesOfCommit}`,
  );
  const deleteRow = database.prepare(
    "DELETE FROM grants WHERE connection_id = ? AND grant_id = ? AND version = ? AND fence = ?",
  );
  const updateWrappedKey = database.prepare(
    "UPDATE grants SET wrapped_key = ? WHERE connection_id = ? AND grant_id = ? AND wrapped_key = ?",
  );
  const insertToken = database.prepare("INSERT OR IGNORE INTO grant_tokens (token_hash, sequence) VALUES (?, ?)");
  const deleteTokens = database.prepare("DELETE FROM grant_tokens WHERE sequence = ?");

  function lease(request: LeaseRequest): LeaseOutcome {
    const { connectionId, holder, durationMs, intent } = request;
    const values = select.get(connectionId);
    if (values === undefined) return { kind: "absent" };
    const row = decodeRow(values, now());
    const at = row.readAt;
    const remainingMs = (row.lease?.until ?? at) - at;
    if (remainingMs > 0 && row.lease?.holder !== holder) return { kind: "held", remainingMs };
    if (!holds(row, request)) return { kind: "moved", row };
    const fence = row.fence + 1;
    const intents =
      intent === undefined ? row.intents : [...without(row.intents, [intent.tokenSet]), { ...intent, at }];
    updateLease.run(fence, holder, Math.ceil(at + durationMs), JSON.stringify(intents), sequenceOf(values));
    return { kind: "leased", lease: { connectionId, holder, fence }, row: { ...row, fence } };
  }

  /** Of all but the first token hash, by which the row itself is found: most have no other. */
  function insertOthers([, ...others]: readonly string[], sequence: number | bigint): void {
    for (const tokenHash of others) insertToken.run(tokenHash, sequence);
  }

  function commit({ expected, payload, clearIntents }: GrantCommit): Settled<"commit"> {
    const replaced = selectReplaced.get(expected.connectionId);
    if (replaced === undefined) return "superseded";
    const [sequence, version, fence, state, tokenHashes, intents, grantId, identityHash, accountHash] = replaced;
    const held = { version: integer(version), fence: integer(fence), grantId: text(grantId) };
    if (!holds(held, expected)) return "superseded";
    const next = columnsOf(payload);
    const isIdentified = next.identityHash === text(identityHash);
    if (!isIdentified && selectIdentity.get(next.identityHash) !== undefined) return "identity_taken";
    const rest = JSON.stringify(without(intentsOf(intents), clearIntents));
    const changes = [
      next.grantId,
      next.version,
      next.sealed,
      next.dueAt,
      next.tokenHashes,
      rest,
      now(),
      integer(sequence),
    ];
    if (isIdentified && next.state === state && next.accountHash === text(accountHash)) {
      updateTokens.run(...changes);
    } else {
      updatePayload.run(next.state, next.identityHash, next.accountHash, ...changes);
    }
    if (list(tokenHashes).length > 1) deleteTokens.run(integer(sequence));
    insertOthers(payload.tokenHashes, integer(sequence));
    return "committed";
  }

  return {
    get(connectionId) {
      const values = select.get(connectionId);
      return values && decodeRow(values, now());
    },

    insert: (row) =>
      transact(database, () => {
        const { connectionId, connector, ownerHash, wrappedKey } = row;
        if (selectConnection.get(connectionId) !== undefined) return { inserted: false, connectionId };
        const taken = selectIdentity.get(row.identityHash);
        if (taken !== undefined) return { inserted: false, connectionId: text(taken[0]) };
        const { lastInsertRowid } = insertRow.run({
          ...{ connectionId, connector, ownerHash, wrappedKey, at: now() },
          ...columnsOf(row),
        });
        insertOthers(row.tokenHashes, lastInsertRowid);
        return { inserted: true };
      }),

    lease(request) {
      // On the disk while the request that it is for is under way: a power cut ends every holder, so that what it may take
      // of this is the trace that the request was sent.
      const outcome = transact(database, () => lease(request), "once flushed");
      if (outcome.kind === "leased") flush();
      return outcome;
    },

    release: ({ lease: { connectionId, holder, fence }, intents }) =>
      transact(database, () => {
        const left = intents === undefined ? null : JSON.stringify(intents);
        endLease.run(left, connectionId, holder, fence);
      }),

    commit: (request) => transact(database, () => commit(request)),

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

/** A payload as its columns hold it. */
function columnsOf(payload: GrantPayload): PayloadColumns {
  const { grantId, version, sealed, state, dueAt, identityHash, accountHash, tokenHashes } = payload;
  return {
    ...{ grantId, version, sealed, state, identityHash, accountHash },
    dueAt: dueAt === undefined ? null : wholeMilliseconds(dueAt),
    tokenHashes: JSON.stringify(tokenHashes),
  };
}

function holds(
  row: Pick<GrantRow, "grantId" | "version" | "fence">,
  { grantId, version, fence }: CommitCondition,
): boolean {
  return row.grantId === grantId && row.version === version && row.fence === fence;
}

function without(intents: readonly OpenIntent[], tokenSets: readonly string[]): readonly OpenIntent[] {
  return intents.filter(({ tokenSet }) => !tokenSets.includes(tokenSet));
}
