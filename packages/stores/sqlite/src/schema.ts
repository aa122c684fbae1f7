import type { DatabaseSync } from "node:sqlite";
import { invalidConfig } from "./errors.ts";
import { integer, prepareQuery } from "./query.ts";
import { transact } from "./transact.ts";

/** "GrKp", in the header of the file: tells it from the database of another application. */
const applicationId = 0x47724b70;

/** Each brings a database from the version of its place to the next. What was released is never edited. */
const migrations: readonly string[] = [
  `
  CREATE TABLE grants (
    -- Never given twice, and so the order of pages. Every index ends with it.
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    connection_id TEXT NOT NULL UNIQUE,
    connector TEXT NOT NULL,
    owner_hash TEXT NOT NULL,
    grant_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    wrapped_key BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'needs_reauthorization')),
    identity_hash TEXT NOT NULL UNIQUE,
    account_hash TEXT NOT NULL,
    token_hashes TEXT NOT NULL,
    due_at INTEGER,
    fence INTEGER NOT NULL,
    lease_holder TEXT,
    lease_until INTEGER,
    intents TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL))
  ) STRICT;
  CREATE INDEX grants_by_owner ON grants (owner_hash);
  CREATE INDEX grants_by_account ON grants (account_hash);
  CREATE INDEX grants_by_connector ON grants (connector);
  CREATE INDEX grants_by_connector_and_state ON grants (connector, state);
  CREATE INDEX grants_by_state ON grants (state);
  CREATE INDEX grants_by_due ON grants (due_at) WHERE due_at IS NOT NULL;

  CREATE TABLE grant_tokens (
    token_hash TEXT NOT NULL,
    sequence INTEGER NOT NULL REFERENCES grants (sequence) ON DELETE CASCADE,
    PRIMARY KEY (token_hash, sequence)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX grant_tokens_by_grant ON grant_tokens (sequence);

  CREATE TABLE flows (
    key TEXT NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL,
    ends_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX flows_by_end ON flows (ends_at);

  CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
  ) STRICT;
  `,
  "ALTER TABLE settings RENAME TO records",
  // The row itself is found by its first token hash, and grant_tokens holds the others alone: a refresh changes no table
  // but one.
  `
  CREATE INDEX grants_by_token ON grants (token_hashes ->> 0);
  DELETE FROM grant_tokens WHERE token_hash = (
    SELECT token_hashes ->> 0 FROM grants WHERE grants.sequence = grant_tokens.sequence
  );
  `,
];

/** Throws `invalid_config` for a database of another application or of a newer version; returns its version. */
export function checkVersion(database: DatabaseSync): number {
  const { version, owner, isEmpty, hasGrants } = database.isTransaction
    ? readState(database)
    : readStateAtOnce(database);
  if (hasGrants && (owner === 0 || owner === applicationId) && version === 0) {
    throw invalidConfig(
      "The SQLite file has tables of grants and no version, as a dump that was read in again: SQLite keeps the version " +
        "outside of the tables. Restore a copy that VACUUM INTO or .backup made.",
    );
  }
  if (owner !== applicationId && !(isEmpty && owner === 0 && version === 0)) {
    throw invalidConfig("The SQLite file belongs to another application: give Grantkeeper a file of its own.");
  }
  if (version > migrations.length) {
    throw invalidConfig(
      `The SQLite file has schema version ${version}, newer than ${migrations.length}, the last that this @grantkeeper/store-sqlite knows: upgrade it.`,
    );
  }
  return version;
}

interface State {
  readonly version: number;
  readonly owner: number;
  readonly isEmpty: boolean;
  readonly hasGrants: boolean;
}

/** In one transaction: read one by one, they could be from before and after another process's migration. */
function readStateAtOnce(database: DatabaseSync): State {
  database.exec("BEGIN");
  try {
    return readState(database);
  } finally {
    if (database.isTransaction) database.exec("COMMIT");
  }
}

function readState(database: DatabaseSync): State {
  const isEmpty = database.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() === undefined;
  const grants = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'grant_tokens'").get();
  return {
    isEmpty,
    hasGrants: grants !== undefined,
    version: pragma(database, "user_version"),
    owner: pragma(database, "application_id"),
  };
}

/** Brings the schema up to date. Of many processes one does it, and the others find it done. */
export function migrateSchema(database: DatabaseSync): void {
  if (checkVersion(database) === migrations.length) return;
  transact(database, () => {
    for (const migration of migrations.slice(checkVersion(database))) database.exec(migration);
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}`);
  });
}

function pragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return integer(prepareQuery(database, `PRAGMA ${name}`).get()?.[0]);
}
